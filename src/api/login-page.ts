import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

const style = `
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.6 system-ui, sans-serif }
main { width: min(30rem, 100vw - 4rem); padding: 2rem 0 }
h1 { font-size: 1.6rem; font-weight: 600 }
fieldset { border: 1px solid #8886; border-radius: .5rem; margin: 1rem 0; padding: 1rem }
label { display: block; margin-bottom: .5rem }
input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }
button { font: inherit; padding: .4rem 1rem; margin-right: .5rem }
.error { border-left: .25rem solid #c33; padding-left: .75rem }
`;

/**
 * No script, nothing from elsewhere, and in nobody's frame. The referrer stays within the page's own origin, so that
 * browsers name that origin when they send the form.
 */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

export interface LoginForm {
  /** What the client says it is, and where it calls from. */
  readonly description: string;
  readonly address: string;
  /** The platform, as the browser reached it. */
  readonly host: string;
  readonly secret: string;
  /** What was wrong with the last try. */
  readonly error?: string;
}

export function sendLoginForm(reply: FastifyReply, status: number, form: LoginForm): FastifyReply {
  const error = form.error === undefined ? '' : `<p class="error" role="alert">${escape(form.error)}</p>`;
  const body = `<h1>Log in</h1>
<p><strong>${escape(form.description)}</strong>, from the address ${escape(form.address)}, asks for your account on ${escape(form.host)}. It gets everything that the account may do, for 30 days.</p>
<p>Go on only if you have just run <code>heroku login</code> yourself.</p>
${error}
<form method="post" autocomplete="on">
<input type="hidden" name="secret" value="${escape(form.secret)}">
<fieldset><legend>With a password</legend>
<label>E-mail <input name="email" type="email" autocomplete="username" maxlength="254" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" maxlength="200"></label>
</fieldset>
<fieldset><legend>Or with an API token</legend>
<label>Token <input name="token" type="password" autocomplete="off" maxlength="1024"></label>
</fieldset>
<button name="action" value="login">Log in</button><button name="action" value="refuse" formnovalidate>This was not me</button>
</form>`;
  return send(reply, status, 'Log in', body);
}

/** A page with nothing to do on it. */
export function sendLoginNotice(reply: FastifyReply, status: number, heading: string, text: string): FastifyReply {
  return send(reply, status, heading, `<h1>${escape(heading)}</h1>\n<p>${escape(text)}</p>`);
}

function send(reply: FastifyReply, status: number, title: string, body: string): FastifyReply {
  return reply.code(status).headers(headers).send(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
