import { PlatformError } from '../errors/platform-error.ts';
import type { ConfigVars } from '../model/release.ts';

/** Key -> new value; null removes the key. */
export type ConfigVarsPatch = Readonly<Record<string, string | null>>;

/** Keys and values together, in UTF-8. Source: https://devcenter.heroku.com/articles/config-vars#config-var-policies */
const maxTotalBytes = 64 * 1024;
/** A build gets each var as a file named after its key (ENV_DIR), and no file name is longer. */
const maxKeyLength = 255;

/**
 * The vars after the patch, and the keys that it really changes, in its order; a patch that changes nothing gives empty
 * lists. Throws `invalid_params`; no value is ever part of a message.
 *
 * Any name may be set, `PORT` and `PATH` too, as on Heroku: config vars are only the app's wish. The platform's own values
 * go over them where a dyno's environment is made, so setting `PORT` or `DYNO` gains and breaks nothing.
 */
export function applyPatch(
  vars: ConfigVars,
  patch: ConfigVarsPatch,
): { vars: ConfigVars; set: readonly string[]; removed: readonly string[] } {
  // A map, so that no key (`constructor`) can mean anything but itself.
  const result = new Map(Object.entries(vars));
  const set: string[] = [];
  const removed: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      if (result.delete(key)) removed.push(key);
      continue;
    }
    checkKey(key);
    checkValue(key, value);
    if (result.get(key) === value) continue;
    result.set(key, value);
    set.push(key);
  }
  // Removing alone is always allowed, also from vars that were too large to begin with.
  if (set.length > 0) checkTotal(result);
  return { vars: Object.fromEntries(result), set, removed };
}

/** Source: Platform API schema, config-var: `^\w+$`. A leading digit is allowed there, so it is here. */
function checkKey(key: string): void {
  if (key.length > maxKeyLength) {
    throw invalid(
      `The config var key ${key.slice(0, 40)}... has ${key.length} characters; ${maxKeyLength} are allowed.`,
    );
  }
  if (!/^[A-Za-z0-9_]+$/.test(key)) {
    throw invalid(`The config var key ${JSON.stringify(key)} is invalid. Use letters, digits and underscores only.`);
  }
  // Heroku advises against a leading `__`; of those names, this one is a trap for every program written in JavaScript.
  if (key === '__proto__') throw invalid('The config var key __proto__ is reserved. Choose another name.');
}

function checkValue(key: string, value: string): void {
  if (value.includes('\0')) {
    throw invalid(
      `The value of ${key} contains a NUL character, which no environment variable can hold. Encode it, for example as base64.`,
    );
  }
  if (/\p{Surrogate}/u.test(value)) {
    throw invalid(
      `The value of ${key} is not valid Unicode (half of a surrogate pair). Encode it, for example as base64.`,
    );
  }
}

function checkTotal(vars: ReadonlyMap<string, string>): void {
  let bytes = 0;
  for (const [key, value] of vars) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > maxTotalBytes) {
    throw invalid(
      `Config vars are limited to ${maxTotalBytes} bytes per app, keys and values together; these have ${bytes}. ` +
        'Remove some, or keep large values in a file store.',
    );
  }
}

const invalid = (message: string): PlatformError => new PlatformError('invalid_params', message);
