export { apiPlugin } from './api-plugin.ts';
