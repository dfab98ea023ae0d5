import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress, lookupPublic, PrivateAddressError } from './public-address.ts';

const maxRedirects = 5;
const silenceMs = 60_000;

export interface DownloadOptions {
  /** Does not exist yet; removed again when the download fails. */
  readonly file: string;
  readonly maxBytes: number;
  /** Origins (`https://git.example.internal:8443`) that may be inside a private network, and may be plain HTTP. */
  readonly privateOrigins: readonly string[];
  readonly signal: AbortSignal;
}

/** Why there is no file. The message names the host at most: paths and queries can hold a secret. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  /** Of the server's answer; null: there was none, or it was not the reason. */
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.status = status;
  }
}

/**
 * Fetches what a stranger's URL names, to a file: https only and public addresses only, at every redirect, except for the
 * origins that the operator allows. No proxy is used. Throws a `DownloadError`, or the signal's reason.
 */
export async function download(url: URL, options: DownloadOptions): Promise<{ sha256: string; sizeBytes: number }> {
  let target = url;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const response = await get(target, options);
    const { statusCode = 0, headers } = response;
    const location = statusCode >= 300 && statusCode < 400 ? headers.location : undefined;
    if (location === undefined) return await save(response, target, options);
    response.destroy();
    if (!URL.canParse(location, target.href))
      throw new DownloadError(`${target.host} redirects to something that is no URL`);
    target = new URL(location, target);
  }
  throw new DownloadError(`${url.host} redirects more than ${maxRedirects} times`);
}

function get(url: URL, { privateOrigins, signal }: DownloadOptions): Promise<IncomingMessage> {
  const isAllowed = privateOrigins.includes(url.origin);
  if (url.protocol !== 'https:' && !(isAllowed && url.protocol === 'http:')) {
    throw new DownloadError(`${url.host || 'it'} is not reached by https`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address is never looked up, so it is checked here.
  if (!isAllowed && isIP(host) !== 0 && !isPublicAddress(host)) throw unreachable(url, new PrivateAddressError(host));
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: false,
      signal,
      headers: { accept: '*/*', 'user-agent': 'hokku' },
      ...(isAllowed ? {} : { lookup: lookupPublic }),
    });
    outgoing.setTimeout(silenceMs, () => {
      outgoing.destroy(new DownloadError(`${url.host} was silent for ${silenceMs / 1000} seconds`));
    });
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => {
      reject(signal.aborted ? (signal.reason as Error) : unreachable(url, error));
    });
    outgoing.end();
  });
}

async function save(
  response: IncomingMessage,
  url: URL,
  options: DownloadOptions,
): Promise<{ sha256: string; sizeBytes: number }> {
  const { file, maxBytes, signal } = options;
  if (response.statusCode !== 200) {
    response.destroy();
    const { statusCode = null } = response;
    throw new DownloadError(`${url.host} answered with status ${statusCode ?? 'none'}`, statusCode);
  }
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const target = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new DownloadError(`it is larger than ${maxBytes} bytes`);
      hash.update(chunk);
      await target.write(chunk);
    }
    return { sha256: hash.digest('hex'), sizeBytes };
  } catch (error) {
    await rm(file, { force: true });
    if (signal.aborted) throw signal.reason;
    // What the file system says is not the server's fault.
    if (error instanceof DownloadError || (error as NodeJS.ErrnoException).syscall === 'write') throw error;
    throw unreachable(url, error);
  } finally {
    await target.close();
  }
}

function unreachable(url: URL, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof PrivateAddressError)
    return new DownloadError(`${message}, and sources are fetched from there only`);
  return new DownloadError(`${url.host} could not be read (${code === '' ? message : code})`);
}
