import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from '../../src/lib/spawn.ts';
import { packZip } from './zip.ts';

const machine = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;

/**
 * A stand-in for the compiler: it says its version, and makes a program that says the one it was made with. Of a package with
 * the file `program` it makes that.
 */
const go = (version: string): string =>
  [
    '#!/bin/bash',
    'case "$1" in',
    `version) echo "go version go${version} linux/amd64" ;;`,
    'list) if [[ -f main.go ]]; then echo example.com/web; fi; if [[ -d cmd ]]; then ls cmd | sed s,^,example.com/web/cmd/,; fi ;;',
    `install) if grep -q 'needs 1.24' main.go 2>/dev/null && [[ ${version} == 1.1* ]]; then echo "note: module requires Go 1.24"; exit 1; fi`,
    '  if grep -q broken main.go 2>/dev/null; then echo "./main.go:1:1: undefined: broken"; exit 1; fi',
    '  for last; do',
    '    if [[ "$last" != *.com/* ]]; then continue; fi',
    '    made="$GOBIN/${last##*/}"',
    `    if [[ -f program ]]; then cp program "$made"; else printf '#!/bin/sh\\necho built with ${version}: %s' "$*" >"$made"; fi`,
    '    chmod +x "$made"',
    '  done ;;',
    'env) printenv GOFLAGS GOBIN GO_GIT_CRED__HTTPS__GIT__EXAMPLE__COM; printf "protocol=https\\nhost=git.example.com\\n\\n" | git credential fill ;;',
    'esac',
    '',
  ].join('\n');

/** A folder that is a module proxy with compilers and their checksum database, and in `dl` what go.dev has. */
export class GoToolchains implements AsyncDisposable {
  readonly dir: string;
  #server: Server | null = null;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<GoToolchains> {
    return new GoToolchains(await mkdtemp(join(tmpdir(), 'go-toolchains-')));
  }

  /** Puts a version into the proxy; `sum`: what the database says instead of the truth. */
  async publish(version: string, sum?: string): Promise<void> {
    const module = `golang.org/toolchain@v0.0.1-go${version}.${machine}`;
    const files = { [`${module}/bin/go`]: go(version), [`${module}/pkg/tool/${machine}/compile`]: 'none\n' };
    const entries = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
    const lines = entries.map(({ path, bytes }) => `${sha256(bytes)}  ${path}\n`).sort();
    const hash = `h1:${createHash('sha256').update(lines.join('')).digest('base64')}`;
    await this.put(`golang.org/toolchain/@v/v0.0.1-go${version}.${machine}.zip`, packZip(entries));
    await this.put(
      `sumdb/sum.golang.org/lookup/${module}`,
      `7\n${module.replace('@', ' ')} ${sum ?? hash}\n${module.replace('@', ' ')}/go.mod h1:other=\n`,
    );
    const line = `v0.0.1-go${version}.${machine}\nv0.0.1-go${version}.plan9-386\n`;
    await writeFile(join(this.dir, 'golang.org/toolchain/@v/list'), line, { flag: 'a' });
  }

  /** Makes a version the only release. https://go.dev/dl/?mode=json */
  async release(version: string): Promise<void> {
    const filename = `go${version}.${machine}.tar.gz`;
    await this.put('tree/go/bin/go', go(version));
    await chmod(join(this.dir, 'tree/go/bin/go'), 0o755);
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
    const { stdout } = await spawn('tar', ['-cz', '-C', join(this.dir, 'tree'), 'go'], { env });
    await this.put(`dl/${filename}`, stdout);
    const other = { filename: `go${version}.src.tar.gz`, sha256: 'not this one' };
    const file = { filename, sha256: sha256(stdout), size: stdout.length };
    const list = [{ version: `go${version}`, stable: true, files: [other, file] }];
    await this.put('dl/index.json', JSON.stringify(list, null, 1));
  }

  async put(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.dir, path)), { recursive: true });
    await writeFile(join(this.dir, path), content);
  }

  /** Gives the folder an address on loopback. */
  async serve(): Promise<string> {
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      readFile(join(this.dir, path)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
