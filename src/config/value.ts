import { PlatformError } from '../errors/platform-error.ts';
import type { Environment } from './env.ts';

/** An empty variable is one that is not there. */
export function text(env: Environment, name: string, fallback: string): string {
  const value = env[name];
  return value === undefined || value === '' ? fallback : value;
}

/** `allowed`: ends a sentence. */
export function invalid(name: string, value: string, allowed: string): PlatformError {
  return new PlatformError('invalid_params', `${name}=${JSON.stringify(value)} is not usable. Allowed: ${allowed}.`);
}
