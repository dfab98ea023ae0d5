import { publishedEndpoints, endpointKey, type Method, type PublishedEndpoint } from './published.ts';
import type { Route, Routes } from './route.ts';

/** One method of one path: ours, published, or both. */
export interface Endpoint {
  readonly method: Method;
  /** `/apps/:app`, with the names that the handler uses. */
  readonly path: string;
  /** Null: published, and not offered here. */
  readonly route: Route | null;
  /** Null: our own. */
  readonly published: PublishedEndpoint | null;
}

/** All methods of one path. */
export interface PathEntry {
  /** `/apps/:p0/dynos/:p1`, because the methods may name the parameters differently. */
  readonly url: string;
  readonly methods: ReadonlyMap<string, Endpoint>;
}

/** Everything that is published or ours, by path. Throws for a route that is declared twice. */
export function endpointTable(routes: Routes): readonly PathEntry[] {
  const published = publishedEndpoints();
  const endpoints = new Map<string, Endpoint>();
  for (const [name, route] of Object.entries(routes)) {
    const [method, path] = name.split(' ') as [Method, string];
    const key = endpointKey(method, path);
    if (endpoints.has(key)) throw new Error(`Internal: ${key} is declared twice`);
    endpoints.set(key, { method, path, route, published: published.get(key) ?? null });
  }
  for (const [key, endpoint] of published) {
    if (!endpoints.has(key)) endpoints.set(key, { ...endpoint, route: null, published: endpoint });
  }

  const entries = new Map<string, Map<string, Endpoint>>();
  for (const endpoint of endpoints.values()) {
    let place = 0;
    const url = endpoint.path.replaceAll(/:\w+/g, () => `:p${place++}`);
    const methods = entries.get(url) ?? new Map<string, Endpoint>();
    entries.set(url, methods.set(endpoint.method, endpoint));
  }
  return [...entries].map(([url, methods]) => ({ url, methods }));
}

/** The values of the path's parameters under the names of this endpoint. */
export function paramsOf(endpoint: Endpoint, values: unknown): ReadonlyMap<string, string> {
  const names = endpoint.path.match(/:\w+/g) ?? [];
  return new Map(names.map((name, n) => [name.slice(1), (values as Record<string, string>)[`p${n}`] ?? '']));
}
