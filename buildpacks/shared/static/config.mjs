// static.json, in the words of Heroku's buildpack of that name: root, clean_urls, routes, redirects, headers, error_page,
// https_only, canonical_host. Source: https://github.com/heroku/heroku-buildpack-static#configuration
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';

const assetName = /\.(m?js|css|map|json|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|wasm)$/i;
const maxBytes = 1024 * 1024;
const known = new Set([
  'root',
  'clean_urls',
  'routes',
  'redirects',
  'headers',
  'error_page',
  'https_only',
  'canonical_host',
  'logging',
  'debug',
  'encoding',
  'worker_connections',
  'force',
]);

/**
 * Throws an Error with a sentence for people when the file, or what it asks for, can't be used. `unknown` are its names that
 * mean nothing here.
 */
export function readConfig(dir, env, { root = null, isSinglePage = false } = {}) {
  const stated = readJson(join(dir, 'static.json'));
  const folder = stated === null ? (root ?? '.') : (textOf(stated, 'root') ?? 'public_html');
  const routes = Object.entries(mapOf(stated, 'routes')).map(([pattern, file]) => {
    if (typeof file !== 'string')
      throw new Error(`static.json: the route ${JSON.stringify(pattern)} isn't the name of a file`);
    return { matches: matcher(pattern), file: file.replace(/^\/+/, '') };
  });
  // A script or picture that is gone must not come as a page: a browser with an old page would show nothing but errors.
  if (isSinglePage && stated === null) routes.push({ matches: (path) => !assetName.test(path), file: 'index.html' });
  const redirects = Object.entries(mapOf(stated, 'redirects')).map(([path, target]) => redirect(path, target, env));
  const headers = Object.entries(mapOf(stated, 'headers')).map(([pattern, values]) => headersOf(pattern, values));
  return {
    root: rootFolder(dir, folder),
    isBuilt: isSinglePage && stated === null,
    hasCleanUrls: stated?.clean_urls === true,
    isHttpsOnly: stated?.https_only === true,
    canonicalHost: interpolate(textOf(stated, 'canonical_host') ?? '', env) || null,
    errorPage:
      (textOf(stated, 'error_page') ?? (existsSync(join(dir, folder, '404.html')) ? '404.html' : ''))?.replace(
        /^\/+/,
        '',
      ) || null,
    routes,
    redirects,
    headers,
    unknown: Object.keys(stated ?? {}).filter((name) => !known.has(name)),
  };
}

function readJson(file) {
  if (!existsSync(file)) return null;
  if (statSync(file).size > maxBytes) throw new Error(`static.json is larger than ${maxBytes} bytes`);
  let value;
  try {
    value = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`static.json isn't valid JSON: ${error.message.split('\n')[0]}`, { cause: error });
  }
  if (!isMap(value)) throw new Error("static.json isn't an object in braces");
  return value;
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(stated, name) {
  const value = stated?.[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new Error(`static.json: ${name} isn't a text in quotes`);
  return value;
}

function mapOf(stated, name) {
  const value = stated?.[name] ?? {};
  if (!isMap(value)) throw new Error(`static.json: ${name} isn't an object in braces`);
  return value;
}

/** Links in the app's own repository can lead anywhere; the root itself has to be inside of the app. */
function rootFolder(dir, folder) {
  const app = realpathSync(dir);
  const path = resolve(app, folder.replace(/^\/+/, ''));
  if (!existsSync(path) || !statSync(path).isDirectory())
    throw new Error(`the folder ${JSON.stringify(folder)} that is to be served doesn't exist (root in static.json)`);
  const real = realpathSync(path);
  if (real !== app && !real.startsWith(app + sep))
    throw new Error(`the folder ${JSON.stringify(folder)} isn't inside of the app`);
  return real;
}

/** `*` stands for one part of a path, `**` for any number of them. Never more than linear in the path's length. */
export function matcher(pattern) {
  if (pattern.length > 1000) throw new Error('static.json: a pattern is longer than 1000 characters');
  const parts = `/${pattern.replace(/^\/+/, '')}`.split(/(\*\*|\*)/);
  const source = parts
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replaceAll(/[\\^$.+?()[\]{}|/]/g, '\\$&')))
    .join('');
  if (parts.length > 11)
    throw new Error(`static.json: the pattern ${JSON.stringify(pattern.slice(0, 60))} has more than 5 stars`);
  const expression = new RegExp(`^${source}$`, 's');
  return (path) => expression.test(path);
}

function redirect(path, target, env) {
  const url = isMap(target) ? target.url : target;
  const status = isMap(target) ? (target.status ?? 301) : 301;
  if (typeof url !== 'string' || ![301, 302, 303, 307, 308].includes(status)) {
    throw new Error(
      `static.json: the redirect of ${JSON.stringify(path)} needs a url, and a status of 301, 302, 303, 307 or 308`,
    );
  }
  return { matches: matcher(path), url: headerText(interpolate(url, env)), status };
}

function headersOf(pattern, values) {
  if (!isMap(values))
    throw new Error(`static.json: the headers of ${JSON.stringify(pattern)} aren't an object in braces`);
  const headers = Object.entries(values).map(([name, value]) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw new Error(`static.json: ${JSON.stringify(name)} isn't the name of a header`);
    return [name.toLowerCase(), headerText(String(value))];
  });
  return { matches: matcher(pattern), headers };
}

function interpolate(text, env) {
  return text.replaceAll(/\$\{(\w+)\}/g, (whole, name) => env[name] ?? '');
}

function headerText(text) {
  return text.replaceAll(/[\r\n\0]/g, '');
}
