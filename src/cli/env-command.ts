import { join } from 'node:path';
import { readEnvironment, type Environment } from '../config/index.ts';
import { findTarget } from './client/target.ts';
import { originalTrust, writeCaBundle } from './platforms/ca-bundle.ts';
import { CredentialStore } from './platforms/credential-store.ts';
import { herokuVariables, variablesWithoutOurs } from './platforms/heroku-variables.ts';
import { parsePlatformUrl } from './platforms/platform-url.ts';
import { shellForms, type ShellForm } from './platforms/shell-form.ts';
import type { Terminal } from './terminal.ts';

export interface EnvOptions {
  readonly shell: string;
  readonly json?: true;
  readonly platform?: string;
  readonly unset?: true;
}

/** `hokku env`: the variables that point the official CLI and git at a platform, for `eval "$(hokku env)"`. */
export async function envCommand(options: EnvOptions, terminal: Terminal): Promise<number> {
  const form = Object.hasOwn(shellForms, options.shell) ? shellForms[options.shell] : undefined;
  if (form === undefined) {
    const allowed = Object.keys(shellForms).join(', ');
    terminal.err(`hokku: unknown shell ${JSON.stringify(options.shell)}. Allowed: ${allowed}.\n`);
    return 2;
  }
  const env = readEnvironment();
  if (options.unset === true) {
    await printUnset(env, form, terminal);
    return 0;
  }
  const target = await findTarget(env, { platform: options.platform, ignoreShell: true });
  const store = CredentialStore.of(env);
  const path = target.dataDir === null ? store.path(target.url, 'pem') : join(target.dataDir, 'ca-bundle.pem');
  const variables = herokuVariables(target, await writeCaBundle(path, target.ca, env), env);
  if (options.json === true) terminal.out(`${JSON.stringify(variables, null, 2)}\n`);
  else for (const [name, value] of Object.entries(variables)) terminal.out(`${form.set(name, value)}\n`);
  return 0;
}

async function printUnset(env: Environment, form: ShellForm, terminal: Terminal): Promise<void> {
  const { HOKKU_TOKEN_ORIGIN: origin } = env;
  if (origin === undefined) return;
  const target = { url: parsePlatformUrl(origin), token: 'none', ca: null, dataDir: null };
  const ours = Object.keys(herokuVariables(target, 'none', env));
  const back = { ...(await originalTrust(env)), ...variablesWithoutOurs(env) };
  // NO_PROXY was only added to.
  for (const name of ours.filter((each) => !(each in back) && !/^no_proxy$/i.test(each))) {
    terminal.out(`${form.unset(name)}\n`);
  }
  for (const [name, value] of Object.entries(back)) terminal.out(`${form.set(name, value)}\n`);
}
