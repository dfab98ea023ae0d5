import { openContext } from '../client/context.ts';
import type { Terminal } from '../terminal.ts';

/** `hokku auth:whoami`: the e-mail on standard output, as the official CLI prints it; the platform on standard error. */
export async function whoamiCommand(terminal: Terminal): Promise<number> {
  const { api, output } = await openContext(terminal);
  const { email } = (await api.request('/account')) as { readonly email: string };
  output.line(email);
  if (process.stderr.isTTY) output.note(`on ${api.target.url.origin}\n`);
  return 0;
}
