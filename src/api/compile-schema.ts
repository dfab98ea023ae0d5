import type { Ajv, ValidateFunction } from 'ajv';
import { publishedSchema, type JsonSchema } from './published.ts';

/** A request may leave out and add more than an answer may. */
export type Side = 'request' | 'answer';

const checkers: Partial<Record<Side, Promise<Ajv>>> = {};

/** Compiles a schema that may refer to the published definitions. Loads the compiler at the first use, not at the start. */
export async function compileSchema(side: Side, schema: JsonSchema): Promise<ValidateFunction> {
  checkers[side] ??= openChecker(side);
  return (await checkers[side]).compile(prepare(side, schema) as JsonSchema);
}

async function openChecker(side: Side): Promise<Ajv> {
  const [{ Ajv }, formats] = await Promise.all([import('ajv'), import('ajv-formats')]);
  // Published patterns have escapes that a pattern in Unicode mode refuses.
  const ajv = new Ajv({
    strict: false,
    unicodeRegExp: false,
    verbose: true,
    logger: false,
    validateFormats: side === 'answer',
  });
  if (side === 'answer') formats.default.default(ajv);
  // A platform that is reached as localhost has its operator's address there.
  // The schema calls host names URIs too.
  ajv.addFormat('uri', /^([a-z][a-z0-9+.-]*:\S+|[\w*.-]+)$/i);
  ajv.addFormat('email', /^[^\s@]+@[^\s@]+$/);
  ajv.addSchema({ $id: schemaId, definitions: prepare(side, publishedSchema().definitions, true) });
  return ajv;
}

const schemaId = 'platform-api';
const maps = new Set(['properties', 'definitions', 'patternProperties']);

/**
 * Fields that a schema does not know are welcome on both sides. In an answer `strictProperties` makes every property a
 * required one, and a pattern with a host of Heroku's own says nothing here. In a request, patterns and formats are left
 * to the handlers, which have limits of their own and better words for them.
 */
function prepare(side: Side, schema: unknown, isMap = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => prepare(side, item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const prepared: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!isMap) {
      if (key === 'links' || key === 'strictProperties' || key === 'additionalProperties') continue;
      if (key === 'pattern' && (side === 'request' || String(value).includes('heroku'))) continue;
    }
    prepared[key] =
      key === '$ref' && typeof value === 'string' ? schemaId + value : prepare(side, value, !isMap && maps.has(key));
  }
  const strict = !isMap && (schema as JsonSchema)['strictProperties'] === true;
  if (side === 'answer' && strict && prepared['required'] === undefined) {
    prepared['required'] = Object.keys((prepared['properties'] as object | undefined) ?? {});
  }
  return prepared;
}
