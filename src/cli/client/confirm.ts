import { createInterface } from 'node:readline/promises';
import { ClientError } from './client-error.ts';
import type { Output } from './output.ts';

/** Goes on when `given` (`--confirm`) is the app's name, or somebody types it. Without a terminal nobody can. */
export async function confirm(output: Output, app: string, given: string | undefined, warning: string): Promise<void> {
  const { paint } = output;
  if (given !== undefined) {
    if (given === app) return;
    throw new ClientError(`Confirmation ${paint.warning(given)} did not match ${paint.info(app)}. Aborted.`);
  }
  output.warn(warning);
  output.note('\n');
  if (!process.stdin.isTTY) {
    throw new ClientError(`This needs a confirmation. Run it again with --confirm ${app}`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await terminal.question(
      `To proceed, type ${paint.warning(app)} or re-run this command with ${paint.code(`--confirm ${app}`)}: `,
    );
    if (typed.trim() === app) return;
  } finally {
    terminal.close();
  }
  throw new ClientError(`Confirmation did not match ${paint.info(app)}. Aborted.`);
}
