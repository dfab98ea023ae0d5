import type { OneOffOrder } from '../lifecycle/index.ts';
import type { ProcessType } from '../model/ids.ts';
import {
  booleanField,
  identityField,
  integerField,
  invalidField,
  objectBody,
  stringField,
  type JsonObject,
} from './body.ts';
import { parseSize } from './formation.ts';

/** The kernel takes no longer argument than 128 KiB. */
const maxCommandLength = 65_536;
const maxVariables = 1_000;
/** As for an app's config vars. */
const maxEnvBytes = 65_536;
const maxSeconds = 86_400;

/** The body of `POST /apps/:app/dynos`. Throws `invalid_params` naming the field. */
export function parseOneOff(sent: unknown): OneOffOrder {
  const body = objectBody(sent);
  const size = identityField(body, 'size');
  const type = stringField(body, 'type');
  if (type !== undefined && !/^[-\w]{1,128}$/.test(type))
    throw invalidField('type', 'must have 1 to 128 letters, digits, - or _');
  const seconds = integerField(body, 'time_to_live');
  if (seconds !== undefined && (seconds < 1 || seconds > maxSeconds)) {
    throw invalidField('time_to_live', `must be from 1 to ${maxSeconds} seconds`);
  }
  return {
    command: parseCommand(body),
    attach: booleanField(body, 'attach') ?? false,
    env: parseEnv(body['env']),
    withoutTerminal: booleanField(body, 'force_no_tty') ?? false,
    ...(size === undefined ? {} : { size: parseSize(size) }),
    ...(type === undefined ? {} : { type: type as ProcessType }),
    ...(seconds === undefined ? {} : { timeToLiveMs: seconds * 1000 }),
  };
}

export function parseCommand(body: JsonObject): string {
  const command = stringField(body, 'command', maxCommandLength);
  if (command === undefined || command.trim() === '')
    throw invalidField('command', 'must say what to run, such as "bash"');
  if (command.includes('\0')) throw invalidField('command', 'must not hold a NUL character');
  return command;
}

/** Numbers count as text: the official CLI sends the size of its terminal so, and null for what it does not know. */
export function parseEnv(sent: unknown): Readonly<Record<string, string>> {
  if (sent === undefined || sent === null) return {};
  if (typeof sent !== 'object' || Array.isArray(sent)) throw invalidField('env', 'must be an object of strings');
  const entries = Object.entries(sent).filter((entry) => entry[1] !== null && entry[1] !== undefined);
  if (entries.length > maxVariables) throw invalidField('env', `must have at most ${maxVariables} variables`);
  let bytes = 0;
  const env: [string, string][] = entries.map(([name, value]) => {
    if (!/^[A-Za-z_][\w.-]{0,255}$/.test(name)) throw invalidField('env', 'has names of letters, digits and _ only');
    if (typeof value !== 'string' && typeof value !== 'number')
      throw invalidField('env', `must have a string as ${name}`);
    if (String(value).includes('\0')) throw invalidField('env', `must not hold a NUL character in ${name}`);
    bytes += name.length + Buffer.byteLength(String(value));
    return [name, String(value)];
  });
  if (bytes > maxEnvBytes) throw invalidField('env', `must have at most ${maxEnvBytes / 1024} KB`);
  return Object.fromEntries(env);
}
