import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { PlatformError } from '../../errors/platform-error.ts';

const maxChars = 4096;

/** Asks on the terminal (standard error, so that the answer of a command can be redirected). Null when there is none. */
export async function ask(question: string, options: { readonly isSecret?: boolean } = {}): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  // Typed characters of a secret are echoed to nowhere.
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const isSecret = options.isSecret === true;
  const terminal = createInterface({
    input: process.stdin,
    output: isSecret ? nowhere : process.stderr,
    terminal: true,
  });
  if (isSecret) process.stderr.write(question);
  const closed = new Promise<never>((_resolve, reject) => {
    terminal.once('SIGINT', () => {
      reject(new PlatformError('unavailable', 'Interrupted. Nothing was changed.'));
    });
  });
  try {
    return (await Promise.race([terminal.question(isSecret ? '' : question), closed])).trim();
  } finally {
    terminal.close();
    if (isSecret) process.stderr.write('\n');
  }
}

/** The first line of standard input, for `echo "$TOKEN" | hokku login URL`. */
export async function readFirstLine(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.includes('\n') || text.length > maxChars) break;
  }
  return (text.split('\n')[0] ?? '').trim().slice(0, maxChars);
}
