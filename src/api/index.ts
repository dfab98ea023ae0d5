export { serializeResource } from './serialize-resource.ts';
export { apiPlugin } from './api-plugin.ts';
