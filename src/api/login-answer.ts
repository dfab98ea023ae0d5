import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createAuthorization, tokenOf, type BrowserLogin, type LoginAnswer } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { LoginTools } from './login-tools.ts';

/** The official CLI gives up after 60 s of silence; white space in front of JSON is none. */
const beatMs = 10_000;
/** As of `heroku login -i`. */
const tokenLifeMs = 30 * 24 * 3_600_000;

/** `GET /auth/cli/<id>`: waits for the person in the browser, then hands over the token, once, to the client that began. */
export async function sendLoginAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  tools: LoginTools,
): Promise<unknown> {
  const login = tools.logins.find((request.params as { id: string }).id);
  if (login?.isBegunWith(tokenOf(request.headers.authorization) ?? '') !== true) {
    throw new PlatformError(
      'not_found',
      'This login is unknown, has expired, or its answer was handed over already. Run heroku login again.',
      { resource: 'login' },
    );
  }
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  for (const event of ['close', 'error']) {
    raw.once(event, () => {
      gone.abort();
    });
  }
  raw.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  raw.write(' ');
  const beat = setInterval(() => raw.write(' '), beatMs);
  try {
    const text = await outcome(login, tools, gone.signal, request.ip);
    if (text !== null) raw.end(JSON.stringify(text));
  } finally {
    clearInterval(beat);
    raw.end();
  }
  return reply;
}

/** Null: the client has gone; it may come back. */
async function outcome(
  login: BrowserLogin,
  { platform, logins }: LoginTools,
  gone: AbortSignal,
  address: string,
): Promise<{ readonly access_token: string } | { readonly error: string } | null> {
  const replaced = login.wait();
  const answer = await answerOf(login, logins.timeLeft(login), AbortSignal.any([gone, replaced, platform.closing]));
  if (gone.aborted) return null;
  if (replaced.aborted) return { error: 'This login was asked for again, and only the newest request is answered.' };
  if (answer === null) {
    const why = platform.closing.aborted ? 'the platform is being restarted' : 'nobody logged in within 10 minutes';
    return { error: `The login has ended: ${why}. Run heroku login again.` };
  }
  if (!login.take()) return { error: 'The answer was handed over already. Run heroku login again.' };
  if (answer.is === 'refused') return { error: 'The login was refused in the browser.' };
  try {
    const { accountId } = answer;
    const expiresAt = new Date(Date.now() + tokenLifeMs);
    const wanted = {
      accountId,
      description: login.description,
      scopes: ['global'] as const,
      isSession: true,
      expiresAt,
    };
    const account = await platform.store.accounts.findById(accountId);
    if (account === null) return { error: 'The account is gone. Ask the operator of the platform.' };
    const { token } = await platform.store.actingAs(
      { accountId, email: account.email },
      { via: 'login by browser', address },
      () => createAuthorization(platform.store, wanted),
    );
    return { access_token: token };
  } catch (error) {
    if (error instanceof PlatformError) return { error: error.message };
    platform.logs.api.error({ err: error }, 'a login by browser could not be finished');
    return { error: "The platform could not make the token. Its operator finds the cause in the platform's log." };
  }
}

/** Null: none came in time. */
async function answerOf(login: BrowserLogin, ms: number, signal: AbortSignal): Promise<LoginAnswer | null> {
  const over = new AbortController();
  try {
    const timeout = sleep(ms, null, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => null);
    return await Promise.race([login.answer, timeout]);
  } finally {
    over.abort();
  }
}
