import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { authenticatePassword, authenticateToken, scopesAllow, type BrowserLogin } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { AccountId } from '../model/ids.ts';
import { defaultBodyMs, limitBodyTime } from './body-deadline.ts';
import { objectBody, stringField } from './body.ts';
import { sendError } from './error-response.ts';
import { parseJson } from './json-body.ts';
import { sendLoginForm, sendLoginNotice } from './login-page.ts';
import { sendLoginAnswer } from './login-answer.ts';
import type { LoginTools } from './login-tools.ts';

const maxBodyBytes = 16 * 1024;
const maxDescription = 200;

/**
 * `heroku login`, whose other half is what HEROKU_LOGIN_HOST names. The client begins a login and waits for its answer; a
 * person opens the page and logs in with a password or a token. No address has a secret of the client's in it.
 */
export function loginPlugin(tools: LoginTools): FastifyPluginAsync {
  return (server: FastifyInstance): Promise<void> => {
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) => {
      done(null, body);
    });
    limitBodyTime(server, defaultBodyMs);
    server.setErrorHandler((error, _request, reply) => sendError(error, '', reply, tools.platform.logs.api));
    server.post('/auth', (request, reply) => begin(request, reply, tools));
    server.get('/auth/cli/:id', { exposeHeadRoute: false }, (request, reply) => sendLoginAnswer(request, reply, tools));
    server.get('/auth/browser/:id', { exposeHeadRoute: false }, (request, reply) => {
      const login = waiting(request, tools);
      return login === null ? sendGone(reply) : sendForm(request, reply, login, 200);
    });
    server.post('/auth/browser/:id', (request, reply) => answer(request, reply, tools));
    return Promise.resolve();
  };
}

function begin(request: FastifyRequest, reply: FastifyReply, { logins }: LoginTools): unknown {
  const description = stringField(objectBody(parseJson(bodyOf(request))), 'description', maxDescription);
  // eslint-disable-next-line no-control-regex -- they are what is taken out
  const shown = (description ?? '').replace(/[\x00-\x1f\x7f]/g, ' ').trim();
  const { login, token } = logins.begin(shown === '' ? 'A client' : shown, request.ip);
  reply.code(201).header('cache-control', 'no-store');
  return { browser_url: `/auth/browser/${login.id}`, cli_url: `/auth/cli/${login.id}`, token };
}

/** What the page's form brings. */
async function answer(request: FastifyRequest, reply: FastifyReply, tools: LoginTools): Promise<unknown> {
  const login = waiting(request, tools);
  if (login === null) return sendGone(reply);
  const form = new URLSearchParams(bodyOf(request).toString('utf8'));
  if (!isOfOurPage(request, form, login)) {
    const error =
      'This did not come from this page, or the browser keeps no cookies for it. Allow them, and try again.';
    return sendForm(request, reply, login, 403, error);
  }
  if (form.get('action') === 'refuse') {
    login.settle({ is: 'refused' });
    return sendLoginNotice(reply, 200, 'Refused', 'Nobody was logged in. You can close this page.');
  }
  const found = login.try() ? await accountOf(form, request.ip, tools) : { error: tooOften };
  if ('error' in found) {
    if (found.retryAfterSeconds === undefined) return sendForm(request, reply, login, 403, found.error);
    void reply.header('retry-after', found.retryAfterSeconds);
    return sendForm(request, reply, login, 429, found.error);
  }
  if (!login.settle({ is: 'approved', accountId: found.accountId })) return sendGone(reply);
  return sendLoginNotice(reply, 200, 'Logged in', 'You can close this page and go back to your terminal.');
}

const tooOften = 'Too many tries for this login. Run heroku login again.';

interface LoginFailure {
  readonly error: string;
  readonly retryAfterSeconds?: number;
}

async function accountOf(
  form: URLSearchParams,
  address: string,
  { platform }: LoginTools,
): Promise<{ readonly accountId: AccountId } | LoginFailure> {
  try {
    return await accountByCredentials(form, address, platform);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.id === 'suspended') return { error: error.message };
    if (error.id !== 'rate_limit') throw error;
    return { error: error.message, retryAfterSeconds: error.retryAfterSeconds ?? 60 };
  }
}

async function accountByCredentials(
  form: URLSearchParams,
  address: string,
  platform: Platform,
): Promise<{ readonly accountId: AccountId } | LoginFailure> {
  const token = form.get('token')?.trim() ?? '';
  if (token !== '') {
    const caller = await authenticateToken(platform, token, address);
    if (caller === null) return { error: 'This token is unknown, revoked or expired.' };
    if (scopesAllow(caller.authorization.scopes, 'everything', 'write')) return { accountId: caller.account.id };
    return {
      error: `This token has the scope ${caller.authorization.scopes.join(', ')}. A login needs one of scope global.`,
    };
  }
  const [email, password] = [form.get('email')?.trim() ?? '', form.get('password') ?? ''];
  if (email === '' || password === '') return { error: 'Give an e-mail and a password, or a token.' };
  const account = await authenticatePassword(platform, { email, password, address });
  if (account !== null) return { accountId: account.id };
  return {
    error: 'There is no account with this e-mail and password. An account without a password logs in with a token.',
  };
}

function waiting(request: FastifyRequest, { logins }: LoginTools): BrowserLogin | null {
  const login = logins.find((request.params as { id: string }).id);
  return login?.isWaiting === true ? login : null;
}

function sendForm(
  request: FastifyRequest,
  reply: FastifyReply,
  login: BrowserLogin,
  status: number,
  error?: string,
): FastifyReply {
  const { description, address, formSecret: secret, id } = login;
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `login=${secret}; Path=/auth/browser/${id}; Max-Age=600; HttpOnly; SameSite=Strict${secure}`,
  );
  const text = error === undefined ? {} : { error };
  return sendLoginForm(reply, status, { description, address, secret, host: request.host, ...text });
}

function sendGone(reply: FastifyReply): FastifyReply {
  const text = 'This login is unknown, has expired, or was answered already. Run heroku login again.';
  return sendLoginNotice(reply, 404, 'No such login', text);
}

/** The form and the cookie hold what our page put there, and the browser does not say that another site sent the form. */
function isOfOurPage({ headers, host }: FastifyRequest, form: URLSearchParams, login: BrowserLogin): boolean {
  const cookie = /(?:^|;\s*)login=([0-9a-f]+)(?:;|$)/.exec(headers.cookie ?? '')?.[1] ?? '';
  const { origin } = headers;
  const isForeign = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
  return !isForeign && login.isFormOf(cookie) && login.isFormOf(form.get('secret') ?? '');
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
