export { apiPlugin, type ApiOptions } from './api-plugin.ts';
export { serverOptions } from './server-options.ts';
