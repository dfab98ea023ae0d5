export { openLocalRuntime, type LocalRuntimeOptions } from './local-runtime.ts';
