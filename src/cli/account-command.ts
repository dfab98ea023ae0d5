import { ApiError, ClientError } from './client/client-error.ts';
import { openContext } from './client/context.ts';
import type { Terminal } from './terminal.ts';

/** `hokku account create EMAIL`: for the operator. The token is shown now and never again. */
export async function createAccountCommand(
  email: string,
  options: { readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const { api, output } = await openContext(terminal);
  let account: Record<string, unknown>;
  try {
    account = (await api.request('/accounts', { method: 'POST', body: { email } })) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 501)) throw error;
    throw new ClientError(`${api.target.url.origin} cannot create accounts: it runs an older version. Upgrade it.`);
  }
  if (options.json === true) {
    output.json(account);
    return 0;
  }
  const token = tokenOf(account);
  if (token === null) throw new ClientError('The account was created, but the platform did not give its token.');
  output.note(
    `Created ${email}. Its token is shown this once; its owner logs in with: hokku login ${api.target.url.origin}\n`,
  );
  output.line(token);
  return 0;
}

/** `hokku account:suspend EMAIL` and `hokku account:resume EMAIL`: for the operator. */
export async function suspendAccountCommand(email: string, suspended: boolean, terminal: Terminal): Promise<number> {
  const { api, output } = await openContext(terminal);
  await api.request(`/accounts/${encodeURIComponent(email)}`, { method: 'PATCH', body: { suspended } });
  output.note(
    suspended
      ? `Suspended ${email}: none of its tokens and passwords opens anything. Its apps run on. Let it in again with: hokku account:resume ${email}\n`
      : `${email} is let in again, with the tokens and the password it had.\n`,
  );
  return 0;
}

function tokenOf(account: Record<string, unknown>): string | null {
  const nested = account['access_token'] as { readonly token?: unknown } | undefined;
  for (const value of [account['token'], account['api_key'], nested?.token]) {
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
