// Derives src/api/schema/platform-api.json from Heroku's published JSON schemas (docs/api.md says where they come from):
//   node .config/derive-api-schema.js v3.json 3.sdk.json
// Facts stay (methods, paths, types, formats, patterns, enums, what is required), prose goes (titles, descriptions, examples).
// Where both variants know a thing, the first one wins; the second adds what the first has not.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const prose = new Set(
  'description title example stability readOnly readonly optional deprecated deactivate_on default $schema id'.split(
    ' ',
  ),
);
/** Their keys are names, not keywords. */
const maps = new Set(['properties', 'definitions', 'patternProperties']);

function facts(schema, isMap = false) {
  if (Array.isArray(schema)) return schema.map((item) => facts(item));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => value !== undefined && (isMap || !prose.has(key)));
  return Object.fromEntries(kept.map(([key, value]) => [key, facts(value, !isMap && maps.has(key))]));
}

function linkFacts({ method, href, rel, ranges, schema, targetSchema }) {
  return facts({ method, href, rel, ranges, schema, targetSchema });
}

/** `{(%23%2Fdefinitions%2Fapp%2Fdefinitions%2Fidentity)}` names its place in the schema, which is all that differs. */
const shape = ({ method, href, schema }) => {
  const required = schema?.required ?? [];
  return `${method} ${href.replaceAll(/\{[^}]*\}/g, ':')} ${required.join()}`;
};

function merge(first, second) {
  for (const [key, value] of Object.entries(second)) {
    if (key === 'links' && Array.isArray(value)) {
      const known = new Set((first.links ?? []).map(shape));
      first.links = [...(first.links ?? []), ...value.filter((link) => !known.has(shape(link)))];
    } else if (!Object.hasOwn(first, key)) first[key] = value;
    else if (maps.has(key)) merge(first[key], value);
  }
  return first;
}

const [, , ...files] = process.argv;
const definitions = files
  .map((file) => JSON.parse(readFileSync(file, 'utf8')).definitions)
  .map((resources) =>
    Object.fromEntries(
      Object.entries(resources).map(([name, { links = [], properties, strictProperties, ...resource }]) => [
        name,
        {
          ...facts(resource),
          ...facts({ properties }),
          // What is required is said once, the way of JSON schema.
          ...(strictProperties === true && properties !== undefined && resource.required === undefined
            ? { required: Object.keys(properties) }
            : {}),
          links: links.filter((link) => link.method !== undefined).map(linkFacts),
        },
      ]),
    ),
  )
  .reduce((first, second) => {
    for (const [name, resource] of Object.entries(second)) {
      first[name] = Object.hasOwn(first, name) ? mergeResource(first[name], resource) : resource;
    }
    return first;
  });

/** A property that only the second variant has is known, but nobody must send it. */
function mergeResource(first, second) {
  const { required } = first;
  const merged = merge(first, second);
  if (required === undefined) delete merged.required;
  return merged;
}

const schema = {
  $schema: 'http://interagent.github.io/interagent-hyper-schema',
  definitions,
  links: [{ method: 'GET', href: '/schema', rel: 'self' }],
};
const target = join(dirname(import.meta.dirname), 'src', 'api', 'schema', 'platform-api.json');
writeFileSync(target, `${JSON.stringify(schema)}\n`);
