export { parseAppName, randomAppName } from './app-name.ts';
export { parseManifest, type Manifest } from './parse-manifest.ts';
export { authorizeApp, type AppNeed } from './authorize-app.ts';
export { hostNames } from './host-names.ts';
export { authorizePipeline } from './authorize-pipeline.ts';
