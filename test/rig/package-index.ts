import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { spawn } from '../../src/lib/spawn.ts';
import { packZip, type ZipEntry } from './zip.ts';

/** A user name and password that the index asks for. */
export interface IndexLogin {
  readonly user: string;
  readonly password: string;
}

/**
 * A package index (PEP 503) on loopback that serves what a test puts into it, so that installers run without a network.
 * `url` is what PIP_INDEX_URL wants.
 */
export class PackageIndex implements AsyncDisposable {
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  readonly #files = new Map<string, Map<string, Uint8Array>>();
  readonly #server: Server;
  readonly #login: IndexLogin | null;

  private constructor(server: Server, login: IndexLogin | null) {
    this.#server = server;
    this.#login = login;
  }

  static async start(login: IndexLogin | null = null): Promise<PackageIndex> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const index = new PackageIndex(server, login);
    server.on('request', (request, response) => {
      index.#answer(request.url ?? '/', request.headers.authorization ?? '', response);
    });
    return index;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    const login = this.#login === null ? '' : `${this.#login.user}:${this.#login.password}@`;
    return `http://${login}127.0.0.1:${port}/simple`;
  }

  /** Serves a file under the project that its name starts with. */
  add(filename: string, bytes: Uint8Array): void {
    const project = (filename.split('-')[0] ?? filename).toLowerCase().replaceAll(/[._]/g, '-');
    const files = this.#files.get(project) ?? new Map<string, Uint8Array>();
    files.set(filename, bytes);
    this.#files.set(project, files);
  }

  /** Serves a wheel made of `files` (path in site-packages to text), without dependencies unless `requires` names some. */
  addWheel(
    name: string,
    version: string,
    files: Readonly<Record<string, string>>,
    options: { requires?: readonly string[]; scripts?: Readonly<Record<string, string>> } = {},
  ): void {
    this.add(`${name}-${version}-py3-none-any.whl`, makeWheel(name, version, files, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(path: string, authorization: string, response: ServerResponse): void {
    this.requests.push(path);
    if (this.#login !== null) {
      const expected = Buffer.from(`${this.#login.user}:${this.#login.password}`).toString('base64');
      if (authorization !== `Basic ${expected}`) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="index"' }).end();
        return;
      }
    }
    const [, root, project, filename] = path.split('/').map(decodeURIComponent);
    const files = this.#files.get(project ?? '');
    if (root === 'files' && files?.has(filename ?? '') === true) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(files.get(filename ?? ''));
    } else if (root === 'simple' && files !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page(project ?? '', files));
    } else {
      response.writeHead(404).end();
    }
  }
}

function page(project: string, files: ReadonlyMap<string, Uint8Array>): string {
  const links = [...files].map(([name, bytes]) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return `<a href="/files/${project}/${name}#sha256=${sha256}">${name}</a>`;
  });
  return `<!doctype html><html><body>${links.join('\n')}</body></html>`;
}

/** A pure-Python wheel, the same bytes for the same arguments. Format: PEP 427. */
export function makeWheel(
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
  options: { requires?: readonly string[]; scripts?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const info = `${name}-${version}.dist-info`;
  const requires = (options.requires ?? []).map((requirement) => `Requires-Dist: ${requirement}\n`).join('');
  const scripts = Object.entries(options.scripts ?? {}).map(([script, target]) => `${script} = ${target}\n`);
  const all: Record<string, string> = {
    ...files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires}`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ...(scripts.length > 0 ? { [`${info}/entry_points.txt`]: `[console_scripts]\n${scripts.join('')}` } : {}),
  };
  const entries: ZipEntry[] = Object.entries(all).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const record = entries.map(({ path, bytes }) => {
    const digest = createHash('sha256').update(bytes).digest('base64url');
    return `${path},sha256=${digest},${bytes.length}\n`;
  });
  entries.push({ path: `${info}/RECORD`, bytes: Buffer.from(`${record.join('')}${info}/RECORD,,\n`) });
  return packZip(entries);
}

/**
 * A wheel of pip itself, which an index must have to be of use: one that this machine has for ensurepip, else made of an
 * installed pip. Null when the machine has neither.
 */
export async function findPipWheel(): Promise<{ filename: string; bytes: Uint8Array } | null> {
  const find = [
    'import glob, os, sys',
    'found = glob.glob("/usr/share/python-wheels/pip-*.whl")',
    'try:',
    '    import ensurepip; found += glob.glob(os.path.dirname(ensurepip.__file__) + "/_bundled/pip-*.whl")',
    'except ImportError: pass',
    'if found: print("wheel", sorted(found)[-1]); sys.exit()',
    'import pip; print("folder", os.path.dirname(pip.__file__), pip.__version__)',
  ].join('\n');
  for (const python of ['/usr/bin/python3', '/usr/local/bin/python3']) {
    const result = await spawn(python, ['-c', find], { timeoutMs: 10_000 }).catch(() => null);
    const [kind, path, version] = result?.exitCode === 0 ? result.stdout.toString().trim().split(' ') : [];
    if (kind === 'wheel' && path !== undefined) return { filename: basename(path), bytes: await readFile(path) };
    if (kind === 'folder' && path !== undefined && version !== undefined) {
      const bytes = makeWheel('pip', version, await textFilesOf(path, 'pip'));
      return { filename: `pip-${version}-py3-none-any.whl`, bytes };
    }
  }
  return null;
}

async function textFilesOf(dir: string, prefix: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(dir)).sort()) {
    const path = join(dir, name);
    if ((await stat(path)).isDirectory()) {
      if (name !== '__pycache__') Object.assign(files, await textFilesOf(path, `${prefix}/${name}`));
    } else if (!name.endsWith('.exe')) {
      files[`${prefix}/${name}`] = await readFile(path, 'utf8');
    }
  }
  return files;
}
