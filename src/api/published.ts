import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What Heroku's published schema says about one method of one path. */
export interface PublishedEndpoint {
  readonly method: Method;
  /** `/apps/:app/collaborators/:collaborator` */
  readonly path: string;
  readonly resource: string;
  /** More than one: any of them will do. None: no body is described. */
  readonly requests: readonly JsonSchema[];
  /** Null: the answer is not described. */
  readonly answer: JsonSchema | null;
  /** The answer is a list. */
  readonly isList: boolean;
}

interface Link {
  readonly method: Method;
  readonly href: string;
  readonly rel?: string;
  readonly schema?: JsonSchema;
  readonly targetSchema?: JsonSchema;
}

export interface PublishedSchema {
  readonly definitions: Readonly<Record<string, JsonSchema & { readonly links: readonly Link[] }>>;
}

let loaded: PublishedSchema | null = null;

/** Facts of Heroku's schemas v3 and 3.sdk, made by .config/derive-api-schema.js. */
export function publishedSchema(): PublishedSchema {
  loaded ??= JSON.parse(
    readFileSync(join(import.meta.dirname, 'schema', 'platform-api.json'), 'utf8'),
  ) as PublishedSchema;
  return loaded;
}

/** Every endpoint by `endpointKey`. */
export function publishedEndpoints(): ReadonlyMap<string, PublishedEndpoint> {
  const endpoints = new Map<string, PublishedEndpoint>();
  for (const [resource, { links }] of Object.entries(publishedSchema().definitions)) {
    for (const { method, href, rel, schema, targetSchema } of links) {
      const path = pathOf(href);
      const key = endpointKey(method, path);
      const known = endpoints.get(key);
      const requests = [...(known?.requests ?? []), ...(schema === undefined ? [] : [schema])];
      const answer = known?.answer ?? (rel === 'empty' ? null : targetSchema) ?? null;
      const isList = rel === 'instances' || known?.isList === true;
      endpoints.set(key, { method, path, resource, requests, answer, isList });
    }
  }
  return endpoints;
}

/** `GET /apps/:`: the same for paths that differ in the names of their parameters only. */
export function endpointKey(method: string, path: string): string {
  return `${method} ${path.replaceAll(/:\w+/g, ':')}`;
}

/** `{(%23%2Fdefinitions%2Fadd-on%2Fdefinitions%2Fidentity)}` becomes `:add_on`. */
function pathOf(href: string): string {
  return href.replaceAll(/\{\(%23%2Fdefinitions%2F([\w-]+?)%2F[^}]*\}/g, (_all, resource: string) => {
    return `:${resource.replaceAll('-', '_')}`;
  });
}
