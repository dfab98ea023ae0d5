import { PlatformError } from '../errors/platform-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body as an object; none at all counts as an empty one. Fields that nobody reads are ignored. */
export function objectBody(body: unknown): JsonObject {
  if (body === undefined || body === null) return {};
  if (!isObject(body)) throw new PlatformError('bad_request', 'The request body must be a JSON object.');
  return body;
}

/** A string, trimmed of nothing. Undefined when it is absent or null. Throws `invalid_params` naming the field. */
export function stringField(body: JsonObject, name: string, maxLength = 1000): string | undefined {
  const value = field(body, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidField(name, 'must be a string');
  if (value.length > maxLength) throw invalidField(name, `must have at most ${maxLength} characters`);
  return value;
}

export function booleanField(body: JsonObject, name: string): boolean | undefined {
  const value = field(body, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidField(name, 'must be true or false');
}

/** A whole number; a string of digits counts as one, for the sake of form-like clients. */
export function integerField(body: JsonObject, name: string): number | undefined {
  const value = field(body, name);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) throw invalidField(name, 'must be a whole number');
  return number;
}

/** An object. Undefined when it is absent or null. */
export function objectField(body: JsonObject, name: string): JsonObject | undefined {
  const value = field(body, name);
  if (value === undefined || isObject(value)) return value;
  throw invalidField(name, 'must be an object');
}

/** An array of objects. Undefined when it is absent or null. */
export function objectsField(body: JsonObject, name: string, maxItems: number): readonly JsonObject[] | undefined {
  const value = field(body, name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw invalidField(name, 'must be an array of objects');
  if (value.length > maxItems) throw invalidField(name, `must have at most ${maxItems} items`);
  return value;
}

/** A reference to another resource: its name or id, or an object that holds one of them. */
export function identityField(body: JsonObject, name: string): string | undefined {
  const value = field(body, name);
  return isObject(value) ? (stringField(value, 'name') ?? stringField(value, 'id')) : stringField(body, name);
}

export function invalidField(name: string, must: string): PlatformError {
  return new PlatformError('invalid_params', `Invalid value for ${name}: it ${must}.`);
}

function field(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
