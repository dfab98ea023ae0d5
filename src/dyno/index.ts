export { whyNoDiskImages } from './disk-image.ts';
export { launchArgv } from './launch.ts';
export { treeUsage } from './tree-usage.ts';
export { openLocalRuntime, type LocalRuntimeOptions } from './local-runtime.ts';
