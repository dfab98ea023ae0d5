import type { IncomingMessage, RequestOptions } from 'node:http';
import { ApiError, ClientError } from './client-error.ts';
import type { Target } from './target.ts';

const inactivityMs = 60_000;
/** The platform says something at least every 15 s. */
const streamInactivityMs = 300_000;
const maxBytes = 64 * 1024 * 1024;
const maxPages = 1000;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Sent as `Range`; the answer is then one page. */
  readonly range?: string;
  /** In place of the token. */
  readonly authorization?: string;
}

export interface ApiAnswer {
  readonly body: unknown;
  readonly nextRange: string | null;
}

/** Speaks the Platform API to one platform, and to nothing else: no redirect is followed, no proxy asked. */
export class ApiClient {
  readonly target: Target;
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();

  constructor(target: Target, warn: (message: string) => void) {
    this.target = target;
    this.#warn = warn;
  }

  /** One request; with GET every page of a list. Throws ApiError for an answer other than 2xx. */
  async request(path: string, request: ApiRequest = {}): Promise<unknown> {
    const first = await this.#exchange(path, request);
    if ((request.method ?? 'GET') !== 'GET' || request.range !== undefined || !Array.isArray(first.body)) {
      return first.body;
    }
    const all = [...(first.body as unknown[])];
    let next = first.nextRange;
    for (let page = 1; next !== null && page < maxPages; page += 1) {
      const answer = await this.#exchange(path, { ...request, range: next });
      all.push(...(answer.body as unknown[]));
      next = answer.nextRange;
    }
    return all;
  }

  /**
   * Bytes from a URL that the platform gave. Only its path is used: what is read comes from the platform itself, whatever
   * host it names. The URL is its own secret; the token is not sent.
   */
  async stream(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const { pathname, search } = new URL(url);
    return this.#send(`${pathname}${search}`, { headers, signal, timeout: streamInactivityMs }, undefined);
  }

  async #exchange(path: string, request: ApiRequest): Promise<ApiAnswer> {
    const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
    const response = await this.#send(
      path,
      {
        method: request.method ?? 'GET',
        headers: {
          accept: 'application/vnd.heroku+json; version=3.sdk',
          'user-agent': 'hokku',
          authorization: request.authorization ?? `Bearer ${this.target.token}`,
          ...(request.range === undefined ? {} : { range: request.range }),
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        },
      },
      payload,
    );
    const text = await readText(response);
    this.#showWarnings(response);
    const body = parseJson(text, response.headers['content-type'] ?? '');
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) {
      const next = response.headers['next-range'];
      return { body, nextRange: typeof next === 'string' && next !== '' ? next : null };
    }
    throw this.#refusal(status, body);
  }

  #refusal(status: number, body: unknown): ClientError {
    const error = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
    const { origin } = this.target.url;
    if (status === 401) {
      const remedy =
        this.target.dataDir === null ? `Log in again: hokku login ${origin}` : 'Set HOKKU_API_KEY to a valid one.';
      return new ClientError(
        `${origin} does not accept the token: it was revoked, or is another platform's. ${remedy}`,
      );
    }
    const { message } = error;
    return typeof message === 'string'
      ? new ApiError(status, message, error)
      : new ClientError(`${origin} answered ${status} without saying why. Is it a Hokku platform?`);
  }

  async #send(path: string, options: RequestOptions, payload: string | undefined): Promise<IncomingMessage> {
    const { url, ca } = this.target;
    // Only the one that is needed: each costs milliseconds to load.
    const { request } = url.isHttps ? await import('node:https') : await import('node:http');
    return await new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: url.hostname.replaceAll(/[[\]]/g, ''),
          port: url.port,
          path,
          agent: false,
          timeout: inactivityMs,
          ...(url.isHttps && ca !== null ? { ca } : {}),
          ...options,
        },
        resolve,
      );
      outgoing.once('timeout', () => {
        outgoing.destroy(new ClientError(`${url.origin} did not answer within ${inactivityMs / 1000} s.`));
      });
      outgoing.once('error', (error) => {
        reject(error instanceof ClientError || options.signal?.aborted === true ? error : this.#unreachable(error));
      });
      outgoing.end(payload);
    });
  }

  #unreachable(error: NodeJS.ErrnoException): ClientError {
    const { origin } = this.target.url;
    const code = error.code ?? error.message;
    const remedy = /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)
      ? `Its certificate is not the one that was trusted at the login. If that is as it should be, log in again: hokku login ${origin}`
      : this.target.dataDir === null
        ? 'Check the address and your network, and that the platform runs.'
        : 'Start it with `hokku server`.';
    return new ClientError(`${origin} cannot be reached (${code}). ${remedy}`, { cause: error });
  }

  #showWarnings(response: IncomingMessage): void {
    for (const name of ['x-heroku-warning', 'warning-message']) {
      const value = response.headers[name];
      for (const text of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
        const message = text.replace(/^warning:\s*/i, '');
        if (!this.#warned.has(message)) this.#warn(message);
        this.#warned.add(message);
      }
    }
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new ClientError('The platform answered with more than 64 MiB. Not read.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string, type: string): unknown {
  if (text === '' || !/^application\/(?:[\w.-]+\+)?json/.test(type)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ClientError('The platform answered with JSON that is cut off. Try again.');
  }
}
