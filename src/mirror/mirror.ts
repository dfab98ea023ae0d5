import { open, readdir, type FileHandle } from 'node:fs/promises';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { BoundedMap } from '../lib/bounded-map.ts';
import { issueCertificate, makeAuthority, type Pair } from '../lib/certificate-authority.ts';
import { DownloadError } from '../lib/download.ts';
import type { Logger } from '../log.ts';
import { curlSettings, type CurlSettings } from './curl-settings.ts';
import { isHost, mirrorPath } from './mirror-path.ts';
import { Recorder } from './recorder.ts';

const authorityDays = 3_650;
/** Of one start of the platform; a build's clock may be wrong by a day. */
const hostDays = 3_640;
const maxHosts = 500;
const silenceMs = 60_000;
const tlsHandshake = 0x16;

export interface MirrorOptions {
  /** Holds a folder for each host, which holds the files that are had from there. */
  readonly dir: string;
  /** What is not there is fetched and kept. */
  readonly isRecording: boolean;
  /** Origins inside private networks that may be recorded from. */
  readonly privateOrigins: readonly string[];
  /** What builds get from the machine: names the CAs that they trust besides, and the proxy that they don't need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/**
 * Stands for the hosts that buildpacks download from with curl: serves what it has of them over https and http, on the
 * loopback of this machine. So stock buildpacks build where the internet can't be reached, and what they fetched once can
 * be had again when it is gone there. Its CA is made at each start and is trusted by nobody but the builds' curl.
 */
export class Mirror implements AsyncDisposable {
  readonly #options: MirrorOptions;
  readonly #authority: Pair;
  readonly #contexts = new BoundedMap<string, Promise<SecureContext>>(maxHosts);
  readonly #closing = new AbortController();
  readonly #recorder: Recorder | null;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(options: MirrorOptions, authority: Pair) {
    this.#options = options;
    this.#authority = authority;
    const { dir, privateOrigins } = options;
    this.#recorder = options.isRecording ? new Recorder({ dir, privateOrigins, signal: this.#closing.signal }) : null;
    this.#server = this.#serve();
  }

  /** TCP, on 127.0.0.1. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  /** What has to lie in the folder that a build's CURL_HOME names, which is `home` there. Hosts as they are in the mirror now. */
  async settings(home: string): Promise<CurlSettings> {
    const { dir, isRecording, environment } = this.#options;
    const hosts = isRecording ? null : (await readdir(dir)).filter(isHost);
    return curlSettings({ home, port: this.port, hosts, environment, ca: this.#authority.cert });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  // Private

  /** One port for both protocols, as curl is told one place for a host: the first byte tells which it is. */
  #serve(): Server {
    const answer: RequestListener = (request, response) => {
      void this.#answer(request, response);
    };
    const plain = createHttp(answer);
    const secure = createHttps({ SNICallback: this.#contextFor }, answer);
    return createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.once('error', () => socket.destroy());
      socket.setTimeout(silenceMs, () => socket.destroy());
      socket.once('readable', () => {
        const first = socket.read(1) as Buffer | null;
        if (first === null) return;
        socket.unshift(first);
        (first[0] === tlsHandshake ? secure : plain).emit('connection', socket);
      });
    });
  }

  readonly #contextFor = (name: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    const host = name.toLowerCase();
    if (!isHost(host)) {
      done(new Error(`${JSON.stringify(name)} is no host name`));
      return;
    }
    const present = this.#contexts.get(host);
    const context = present ?? issueCertificate([host], this.#authority, hostDays).then(createSecureContext);
    if (present === undefined) this.#contexts.set(host, context);
    context.then(
      (made) => {
        done(null, made);
      },
      (error: unknown) => {
        done(error as Error);
      },
    );
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers, url = '/' } = request;
    const scheme = 'encrypted' in request.socket ? 'https' : 'http';
    const asked = `${scheme}://${headers.host ?? ''}${url}`;
    if (method !== 'GET' && method !== 'HEAD') {
      refuse(response, 405, `The mirror of this platform answers GET and HEAD only, not ${method}.`);
      return;
    }
    const target = URL.canParse(asked) ? new URL(asked) : null;
    const path = target === null ? null : mirrorPath(target);
    if (target === null || path === null) {
      refuse(response, 400, 'The mirror of this platform keeps nothing that could be called so.');
      return;
    }
    try {
      await using file = await this.#find(target, path);
      await send(file, method, response);
    } catch (error) {
      this.#fail(error, path, response);
    }
  }

  async #find(target: URL, path: string): Promise<FileHandle> {
    const { dir } = this.#options;
    try {
      return await open(join(dir, path));
    } catch (error) {
      if (this.#recorder !== null) await this.#recorder.keep(target, path);
      // Whoever fills the mirror by hand rarely means the query.
      else if (target.search === '') throw error;
      else return await open(join(dir, path.replace(/\?[^/]*$/, '')));
    }
    return await open(join(dir, path));
  }

  /** The query is not logged: it may hold a secret. */
  #fail(error: unknown, path: string, response: ServerResponse): void {
    if (this.#closing.signal.aborted || response.headersSent) {
      response.destroy();
      return;
    }
    const name = path.replace(/\?[^/]*$/, '');
    const { log } = this.#options;
    if (error instanceof DownloadError) {
      log.warn({ path: name, err: error }, 'not recorded');
      refuse(response, error.status ?? 502, `The mirror of this platform could not fetch this: ${error.message}.`);
      return;
    }
    const { code = 'error' } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
    log.warn({ path: name, code }, isMissing ? 'not in the mirror' : 'mirror not readable');
    if (isMissing)
      refuse(
        response,
        404,
        `The mirror of this platform has no ${name}. Its operator can put it there (HOKKU_MIRROR), or record it.`,
      );
    else refuse(response, 500, `The mirror of this platform could not read or write ${name} (${code}).`);
  }
}

/** Throws when the folder can't be read. */
export async function openMirror(options: MirrorOptions): Promise<Mirror> {
  await readdir(options.dir);
  const mirror = new Mirror(options, await makeAuthority(authorityDays));
  await mirror.listen();
  return mirror;
}

async function send(file: FileHandle, method: string, response: ServerResponse): Promise<void> {
  const info = await file.stat();
  if (!info.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': info.size,
    'last-modified': info.mtime.toUTCString(),
  });
  if (method === 'HEAD' || info.size === 0) response.end();
  else await pipeline(file.createReadStream({ autoClose: false, end: info.size - 1 }), response);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
