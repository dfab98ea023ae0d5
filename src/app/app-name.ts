import { randomInt } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import type { AppName } from '../model/ids.ts';
import { adjectives, nouns } from './words.ts';

const minLength = 3;
const maxLength = 30;

/**
 * Names whose host `<name>.<domain>` is the platform's own (docs: "One port, told apart by host"), or is taken for it by
 * resolvers and by the heroku CLI.
 */
const reserved: ReadonlySet<string> = new Set(['api', 'git', 'localhost']);

/** Throws `invalid_params` in Heroku's words. Source: Platform API schema, app.name. */
export function parseAppName(name: string): AppName {
  const problem = problemOf(name);
  if (problem !== null) throw new PlatformError('invalid_params', problem);
  return name as AppName;
}

function problemOf(name: string): string | null {
  if (name.length < minLength) return `Name is too short (minimum is ${minLength} characters)`;
  if (name.length > maxLength) return `Name is too long (maximum is ${maxLength} characters)`;
  if (!/^[a-z][a-z0-9-]*[a-z0-9]$/.test(name)) {
    return 'Name must start with a letter, end with a letter or digit and can only contain lowercase letters, digits, and dashes.';
  }
  // An internationalised host name may not look like this unless it is one.
  if (name.startsWith('xn--')) return 'Name must not start with xn--. Choose another name.';
  if (reserved.has(name)) return `Name ${name} is reserved for the platform. Choose another name.`;
  return null;
}

/** `quiet-meadow-41532`: about 400 million names; the caller tries another one when it is taken. */
export function randomAppName(): AppName {
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? 'app';
  return parseAppName(`${pick(adjectives)}-${pick(nouns)}-${randomInt(10_000, 100_000)}`);
}
