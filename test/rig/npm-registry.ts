import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { rawTar } from './tarball.ts';

interface Version {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
}

/**
 * An npm registry on loopback that serves what a test puts into it. With a token, its packages are private: who shows none
 * gets a 401.
 */
export class NpmRegistry implements AsyncDisposable {
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  readonly #packages = new Map<string, Map<string, Version>>();
  readonly #server: Server;
  readonly #token: string | null;

  private constructor(server: Server, token: string | null) {
    this.#server = server;
    this.#token = token;
  }

  static async start({ token = null }: { token?: string | null } = {}): Promise<NpmRegistry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const registry = new NpmRegistry(server, token);
    server.on('request', (request, response) => {
      registry.#answer(request.url ?? '/', request.headers.authorization ?? '', response);
    });
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** With a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** `files` are paths in the package to texts; package.json is made of the rest. */
  add(
    name: string,
    version: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    manifest: Readonly<Record<string, unknown>> = {},
  ): void {
    const whole = { name, version, ...manifest };
    const members = Object.entries({ 'package.json': JSON.stringify(whole), ...files });
    const bytes = gzipSync(rawTar(members.map(([path, content]) => ({ name: `package/${path}`, content }))));
    const versions = this.#packages.get(name) ?? new Map<string, Version>();
    this.#packages.set(name, versions.set(version, { manifest: whole, bytes }));
  }

  /** As lock files state it. */
  integrity(name: string, version: string): string {
    const bytes = this.#packages.get(name)?.get(version)?.bytes ?? new Uint8Array();
    return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  }

  /** The package-lock.json of an app with these dependencies, name to version, none of which has any of its own. */
  lockFile(
    name: string,
    dependencies: Readonly<Record<string, string>>,
    devDependencies: Readonly<Record<string, string>> = {},
  ): string {
    const entry =
      (isDev: boolean) =>
      ([of, version]: [string, string]): [string, object] => [
        `node_modules/${of}`,
        {
          version,
          resolved: `${this.url}${of}/-/${of}-${version}.tgz`,
          integrity: this.integrity(of, version),
          ...(isDev ? { dev: true } : {}),
        },
      ];
    const caret = ([of, version]: [string, string]): [string, string] => [of, `^${version}`];
    const packages: Record<string, object> = {
      '': {
        name,
        version: '1.0.0',
        dependencies: Object.fromEntries(Object.entries(dependencies).map(caret)),
        devDependencies,
      },
      ...Object.fromEntries([
        ...Object.entries(dependencies).map(entry(false)),
        ...Object.entries(devDependencies).map(entry(true)),
      ]),
    };
    return JSON.stringify({ name, version: '1.0.0', lockfileVersion: 3, requires: true, packages });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(path: string, authorization: string, response: ServerResponse): void {
    this.requests.push(path);
    const [name = '', , file] = path.slice(1).split('/').map(decodeURIComponent);
    const versions = this.#packages.get(name);
    if (versions === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
    } else if (this.#token !== null && authorization !== `Bearer ${this.#token}`) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"authentication required"}');
    } else if (file === undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(this.#document(name, versions));
    } else {
      const found = [...versions].find(([version]) => file.endsWith(`-${version}.tgz`))?.[1];
      if (found === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found.bytes);
    }
  }

  #document(name: string, versions: ReadonlyMap<string, Version>): string {
    const latest = [...versions.keys()].at(-1);
    const documents = [...versions].map(([version, { manifest }]): [string, object] => {
      const tarballUrl = `${this.url}${name}/-/${name.replace(/^@[^/]*\//, '')}-${version}.tgz`;
      return [version, { ...manifest, dist: { tarball: tarballUrl, integrity: this.integrity(name, version) } }];
    });
    return JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(documents) });
  }
}
