import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { findFile, namesOf, openFile } from './find-file.mjs';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.xml': 'application/xml',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.wav': 'audio/wav',
};
const isText = /^text\/|json|xml|javascript|wasm|font\/(ttf|otf)/;
/** Build tools put a hash of the content into such names: another content gets another name. */
const hashedName = /[.-](?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{8,64}\.[a-z0-9]{2,5}$|[.-][0-9a-f]{8,64}\.[a-z0-9]{2,5}$/;
/** Vite's hashes can be letters alone, which among files that people named would mean nothing. */
const hashedAsset = /\/(assets|_astro)\/(.*\/)?[^/]*[.-](?=[\w-]*[A-Z_])[\w-]{8,}\.[a-z0-9]{2,5}$/;
const compressors = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes) => promisify(gzip)(bytes),
};
const minCompressed = 512;
const maxCompressed = 8 * 1024 * 1024;
const maxKeptBytes = 32 * 1024 * 1024;

/** A request handler for `createServer`, for what `readConfig` gives. */
export function answerer(config) {
  const kept = new CompressedFiles();
  return (request, response) => {
    response.on('error', () => undefined);
    answer(config, kept, request, response).catch((error) => {
      process.stderr.write(`static: ${error.stack}\n`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('Internal server error\n');
    });
  };
}

async function answer(config, kept, request, response) {
  const [path, query] = splitUrl(request.url ?? '/');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response
      .writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' })
      .end('Only GET and HEAD are answered here.\n');
    return;
  }
  const host = request.headers.host ?? '';
  const protocol = String(request.headers['x-forwarded-proto'] ?? 'http')
    .split(',')[0]
    .trim();
  const isWrongHost = config.canonicalHost !== null && host.replace(/:\d+$/, '') !== config.canonicalHost;
  if ((config.isHttpsOnly && protocol !== 'https') || isWrongHost) {
    const target = `${config.isHttpsOnly ? 'https' : protocol}://${isWrongHost ? config.canonicalHost : host}`;
    if (/^https?:\/\/[\w.:[\]-]+$/.test(target)) return redirectTo(response, 301, `${target}${path}${query}`);
  }
  const names = namesOf(path);
  const plain = names === null ? null : `/${names.join('/')}${path.endsWith('/') && names.length > 0 ? '/' : ''}`;
  const redirect = plain === null ? undefined : config.redirects.find(({ matches }) => matches(plain));
  if (redirect !== undefined) return redirectTo(response, redirect.status, redirect.url);
  const found = names === null ? null : await findFile(config, names, path.endsWith('/') && names.length > 0);
  if (found?.isFolder === true) return redirectTo(response, 301, `${encodePath(names)}/${query}`);
  if (config.hasCleanUrls && found !== null && names.length > 0 && path.endsWith('.html')) {
    await found.handle.close();
    return redirectTo(response, 301, `${encodePath(names).replace(/(\/index)?\.html$/, '') || '/'}${query}`);
  }
  const file = found ?? (await routed(config, plain));
  if (file !== null) return sendFile(config, kept, request, response, { ...file, status: 200, plain });
  const page = config.errorPage === null ? null : await openFile(config.root, namesOf(config.errorPage) ?? ['']);
  if (page !== null) return sendFile(config, kept, request, response, { ...page, status: 404, plain });
  response
    .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    .end(request.method === 'HEAD' ? '' : "There's nothing here.\n");
}

function splitUrl(url) {
  // A proxy's form, `GET http://host/path`.
  const local = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/#.*$/, '');
  const mark = local.indexOf('?');
  const path = mark === -1 ? local : local.slice(0, mark);
  return [path.startsWith('/') ? path : `/${path}`, mark === -1 ? '' : local.slice(mark)];
}

/** Never with two slashes first, which would be another host. */
function encodePath(names) {
  return `/${names.map(encodeURIComponent).join('/')}`;
}

function redirectTo(response, status, location) {
  response
    .writeHead(status, { location: encodeURI(decodeSafely(location)).replaceAll(/[\r\n]/g, ''), 'content-length': 0 })
    .end();
}

function decodeSafely(text) {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

async function routed({ root, routes }, plain) {
  const route = plain === null ? undefined : routes.find(({ matches }) => matches(plain));
  const names = route === undefined ? null : namesOf(route.file);
  return names === null ? null : openFile(root, names);
}

async function sendFile(config, kept, request, response, { handle, stats, path, status, plain }) {
  let isHandedOn = false;
  try {
    const type = types[extname(path).toLowerCase()] ?? 'application/octet-stream';
    const isCompressible = isText.test(type) && stats.size >= minCompressed && stats.size <= maxCompressed;
    const encoding = isCompressible ? chooseEncoding(request.headers['accept-encoding']) : null;
    const tag = `"${Math.trunc(stats.mtimeMs).toString(36)}-${stats.size.toString(36)}${encoding === null ? '' : `-${encoding}`}"`;
    const headers = {
      'content-type': type,
      etag: tag,
      'last-modified': stats.mtime.toUTCString(),
      'cache-control': isForever(config, path, type, status) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      ...(isCompressible ? { vary: 'Accept-Encoding' } : { 'accept-ranges': 'bytes' }),
      ...Object.fromEntries(
        config.headers
          .filter(({ matches }) => plain !== null && matches(plain))
          .flatMap(({ headers: values }) => values),
      ),
    };
    if (status === 200 && isUnchanged(request.headers, tag, stats)) {
      response.writeHead(304, headers).end();
      return;
    }
    if (encoding !== null) {
      const bytes = await kept.get(`${path}\0${tag}`, async () => compressors[encoding](await handle.readFile()));
      response.writeHead(status, { ...headers, 'content-encoding': encoding, 'content-length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
      return;
    }
    const range = status === 200 && !isCompressible ? parseRange(request.headers, stats.size, tag) : null;
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${stats.size}`, 'content-length': 0 }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: stats.size - 1 };
    const part = range === null ? {} : { 'content-range': `bytes ${start}-${end}/${stats.size}` };
    response.writeHead(range === null ? status : 206, { ...headers, ...part, 'content-length': end - start + 1 });
    if (request.method === 'HEAD' || stats.size === 0) {
      response.end();
      return;
    }
    isHandedOn = true;
    const stream = createReadStream('', { fd: handle, start, end });
    stream.on('error', () => response.destroy());
    response.on('close', () => stream.destroy());
    stream.pipe(response);
  } finally {
    if (!isHandedOn) await handle.close();
  }
}

function isForever({ isBuilt }, path, type, status) {
  return (
    status === 200 && !type.startsWith('text/html') && (hashedName.test(path) || (isBuilt && hashedAsset.test(path)))
  );
}

function chooseEncoding(accepted = '') {
  const offered = new Map(
    String(accepted)
      .toLowerCase()
      .split(',')
      .slice(0, 20)
      .map((part) => {
        const [name, ...settings] = part.trim().split(/\s*;\s*/);
        return [name, Number(/^q=([\d.]+)$/.exec(settings[0] ?? 'q=1')?.[1] ?? 1)];
      }),
  );
  return ['br', 'gzip'].find((name) => (offered.get(name) ?? offered.get('*') ?? 0) > 0) ?? null;
}

function isUnchanged(headers, tag, stats) {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return tags === '*' || tags.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Number.isFinite(since) && Math.trunc(stats.mtimeMs / 1000) * 1000 <= since;
}

/** One range of bytes; more of them are answered with the whole file, as RFC 9110 allows. */
function parseRange(headers, size, tag) {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '');
  if (found === null || (found[1] === '' && found[2] === '') || (headers['if-range'] ?? tag) !== tag) return null;
  const start = found[1] === '' ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const end = found[1] === '' || found[2] === '' ? size - 1 : Math.min(Number(found[2]), size - 1);
  return start >= size || start > end ? 'unsatisfiable' : { start, end };
}

/** The last results of compression, so that a file is compressed once and not for each visitor. */
class CompressedFiles {
  #files = new Map();
  #bytes = 0;

  async get(key, compress) {
    const found = this.#files.get(key);
    if (found !== undefined) {
      this.#files.delete(key);
      this.#files.set(key, found);
      return found;
    }
    const made = await compress();
    if (!this.#files.has(key)) {
      this.#files.set(key, made);
      this.#bytes += made.length;
    }
    for (const [oldest, bytes] of this.#files) {
      if (this.#bytes <= maxKeptBytes) break;
      this.#files.delete(oldest);
      this.#bytes -= bytes.length;
    }
    return made;
  }
}
