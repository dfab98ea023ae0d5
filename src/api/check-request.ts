import type { ErrorObject, ValidateFunction } from 'ajv';
import { PlatformError } from '../errors/platform-error.ts';
import { invalidField, objectBody } from './body.ts';
import { compileSchema } from './compile-schema.ts';
import { endpointKey, publishedSchema, type JsonSchema, type PublishedEndpoint } from './published.ts';

/**
 * Where the official CLI is known to send what the published schema has not: these fields are left to the handler.
 * `*` is any item of an array.
 */
const leftToHandlers: Readonly<Record<string, readonly string[]>> = {
  // `"2"`, `"+1"`, and `process` as the old name of `type`.
  'PATCH /apps/:app/formation': ['updates.*.quantity', 'updates.*.type', 'updates.*.dyno_size', 'updates.*.size'],
  'PATCH /apps/:app/formation/:type': ['quantity', 'dyno_size', 'size'],
  // Nothing at all, for a name that is not in the registry.
  'PUT /apps/:app/buildpack-installations': ['updates.*.buildpack'],
  // Numbers as values of variables, and null for what the client's terminal does not tell.
  'POST /apps/:app/dynos': ['env', 'size'],
  // Seconds as a text, and no scope for the whole one.
  'POST /oauth/authorizations': ['expires_in', 'scope'],
  // Left out when only the description changes.
  'PATCH /oauth/authorizations/:authorization': ['client'],
  // One grant comes without a refresh token, the other one without a code.
  'POST /oauth/tokens': ['client', 'grant', 'refresh_token'],
  // One permission as a text.
  'POST /teams/apps/:app/collaborators': ['permissions'],
  'PATCH /teams/apps/:app/collaborators/:collaborator': ['permissions'],
};

const left = new Map(
  Object.entries(leftToHandlers).map(([endpoint, fields]) => {
    const [method = '', path = ''] = endpoint.split(' ');
    return [endpointKey(method, path), fields] as const;
  }),
);

const compiled = new WeakMap<PublishedEndpoint, Promise<readonly ValidateFunction[]>>();

/**
 * Refuses a body that has not the form that Heroku's schema gives it: `bad_request` when it is no object, `invalid_params`
 * naming the field and what it must be. A null stands for an absent field wherever the schema does not know it.
 */
export async function checkRequest(endpoint: PublishedEndpoint, body: unknown): Promise<void> {
  if (endpoint.requests.length === 0) return;
  let validators = compiled.get(endpoint);
  if (validators === undefined) {
    const fields = left.get(endpointKey(endpoint.method, endpoint.path)) ?? [];
    const schemas = endpoint.requests.map((schema) =>
      fields.reduce((rest, path) => without(rest, path.split('.')), schema),
    );
    validators = Promise.all(schemas.map((schema) => compileSchema('request', schema)));
    compiled.set(endpoint, validators);
  }
  const object = objectBody(body);
  let problem: PlatformError | null = null;
  for (const fits of await validators) {
    if (fits(object) || fits(withoutNulls(object))) return;
    problem ??= explain(fits.errors ?? []);
  }
  if (problem !== null) throw problem;
}

/** The schema with nothing said about one field. */
function without(schema: JsonSchema, [name = '', ...rest]: readonly string[]): JsonSchema {
  const known = resolve(schema);
  if (name === '*') return { ...known, items: without((known['items'] ?? {}) as JsonSchema, rest) };
  const { [name]: field, ...properties } = (known['properties'] ?? {}) as Record<string, JsonSchema>;
  if (rest.length > 0) return { ...known, properties: { ...properties, [name]: without(field ?? {}, rest) } };
  const required = ((known['required'] ?? []) as readonly string[]).filter((other) => other !== name);
  return { ...known, properties, required };
}

function resolve(schema: JsonSchema): JsonSchema {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  const parts = $ref.replace(/^[^#]*#\//, '').split('/');
  const found = parts.reduce<unknown>((at, part) => (at as JsonSchema | undefined)?.[part], publishedSchema());
  return resolve(found as JsonSchema);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(given.map(([key, item]) => [key, withoutNulls(item)]));
}

/** The outermost error comes last; below an `anyOf` stand the reasons of each alternative. */
function explain(errors: readonly ErrorObject[]): PlatformError {
  const error = errors.at(-1);
  if (error === undefined) return new PlatformError('invalid_params', 'The request body has not the expected form.');
  if (error.keyword === 'required') {
    const { missingProperty } = error.params as { missingProperty: string };
    const properties = (error.parentSchema?.['properties'] ?? {}) as Record<string, JsonSchema>;
    const must = mustBe(properties[missingProperty] ?? {});
    return new PlatformError(
      'invalid_params',
      `The field ${fieldName(error, missingProperty)} is missing: it must be ${must}.`,
    );
  }
  const alternatives = errors.filter(({ instancePath }) => instancePath === error.instancePath).map(mustOf);
  const must = error.keyword === 'anyOf' ? [...new Set(alternatives.slice(0, -1))].join(', or ') : mustOf(error);
  return invalidField(fieldName(error), must);
}

function mustOf(error: ErrorObject): string {
  if (error.keyword === 'type' || error.keyword === 'enum') return `must be ${mustBe(error.parentSchema ?? {})}`;
  return error.message ?? 'has not the expected form';
}

const words: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

function mustBe(schema: JsonSchema): string {
  const { enum: allowed, anyOf, type } = resolve(schema);
  if (Array.isArray(allowed)) return `one of ${allowed.map(String).join(', ')}`;
  if (Array.isArray(anyOf)) return [...new Set((anyOf as readonly JsonSchema[]).map(mustBe))].join(' or ');
  const types = (Array.isArray(type) ? type : [type]).filter((name) => typeof name === 'string' && name !== 'null');
  return types.length === 0 ? 'given' : types.map((name) => words[String(name)] ?? String(name)).join(' or ');
}

/** `/updates/0/quantity` as `updates[0].quantity`. */
function fieldName(error: ErrorObject, below?: string): string {
  const parts = [...error.instancePath.split('/').slice(1), ...(below === undefined ? [] : [below])];
  const name = parts
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, n) => (/^\d+$/.test(part) && n > 0 ? `[${part}]` : n === 0 ? part : `.${part}`))
    .join('');
  return name.slice(0, 100);
}
