import type { FastifyReply } from 'fastify';

/** Answers of this form are shown by git as `remote:` lines; only if they are `text/plain`. Source: git-push.md section 1. */
export class PlainTextError extends Error {
  override readonly name = 'PlainTextError';
  readonly statusCode: number;
  readonly lines: readonly string[];
  readonly retryAfterSeconds: number | undefined;

  constructor(statusCode: number, lines: readonly string[], retryAfterSeconds?: number) {
    super(lines.join(' '));
    this.statusCode = statusCode;
    this.lines = lines;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function plainText(lines: readonly string[]): string {
  return `\n${lines.map((line) => `!\t${line}\n`).join('')}`;
}

export const unauthorizedLines = [
  'WARNING:',
  'Git needs your platform token as the password, with any user name.',
  'Run `eval "$(hokku env)"`, which sets HEROKU_API_KEY, or give git the token when it asks; then retry the git command.',
];

const dumbProtocol = new PlainTextError(403, [
  'This server speaks the smart HTTP protocol only.',
  'Use git 1.6.6 or newer and a URL of the form http://HOST/APP.git',
]);

export function refuseDumbProtocol(): never {
  throw dumbProtocol;
}

export function sendPlainText(reply: FastifyReply, error: PlainTextError): FastifyReply {
  const { statusCode, lines, retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
  if (statusCode === 401) void reply.header('www-authenticate', 'Basic realm="Hokku", charset="UTF-8"');
  return reply.code(statusCode).headers(noCache).type('text/plain; charset=utf-8').send(plainText(lines));
}

/** Source: gitprotocol-http(5): responses must not be cached. */
export const noCache = {
  expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  pragma: 'no-cache',
  'cache-control': 'no-cache, max-age=0, must-revalidate',
};
