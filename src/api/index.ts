export { apiPlugin, type ApiOptions } from './api-plugin.ts';
export { serializeResource } from './serialize-resource.ts';
export { serverOptions } from './server-options.ts';
