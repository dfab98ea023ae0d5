import type { ServerResponse } from 'node:http';
import type { ErrorPages } from '../model/route.ts';
import { statusOf, type RouterFailure } from './h-codes.ts';

interface Page {
  readonly title: string;
  readonly heading: string;
  readonly text: string;
}

const pages = {
  applicationError: {
    title: 'Application Error',
    heading: 'Application error',
    text: 'The app could not answer this request. If it is your app, its log says why: <code>heroku logs --tail</code>',
  },
  maintenance: {
    title: 'Offline for Maintenance',
    heading: 'Offline for Maintenance',
    text: 'This app is being worked on and will be back. Please try again later.',
  },
  blank: {
    title: 'Welcome to your new app!',
    heading: 'Welcome to your new app!',
    text: 'Nothing has been deployed here yet. Send your code with <code>git push heroku main</code>',
  },
  noSuchApp: {
    title: 'No such app',
    heading: 'No such app',
    text: 'There is no app configured at that hostname. It may have been renamed, or the address has a typing mistake.',
  },
} as const satisfies Record<string, Page>;

/**
 * The page a visitor sees when no dyno answered: the app's own in a frame, if it has one.
 * Source of headings and statuses: https://devcenter.heroku.com/articles/error-pages
 */
export function sendErrorPage(response: ServerResponse, failure: RouterFailure, own: ErrorPages | null): void {
  const page =
    failure.code === 'H80' ? pages.maintenance : failure.code === 'H81' ? pages.blank : pages.applicationError;
  const url = failure.code === 'H80' ? own?.maintenance : failure.code === 'H81' ? null : own?.error;
  send(response, statusOf(failure), url == null ? html(page) : frame(page.title, url));
}

export function sendNoSuchApp(response: ServerResponse): void {
  send(response, 404, html(pages.noSuchApp));
}

/** An answer of one line, for programs and for requests that no browser sends. */
export function sendPlain(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache, no-store',
  });
  response.end(body);
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache, no-store',
  });
  response.end(body);
}

/** The platform never fetches the page itself; the visitor's browser does. */
function frame(title: string, url: string): string {
  const escaped = url.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100% } iframe { display: block }</style>
</head>
<body><iframe src="${escaped}" title="${title}"></iframe></body>
</html>
`;
}

function html({ title, heading, text }: Page): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 34rem; padding: 2rem }
h1 { font-size: 1.6rem; font-weight: 600 }
</style>
</head>
<body><main><h1>${heading}</h1><p>${text}</p></main></body>
</html>
`;
}
