export { Bench, requireBuildpack, type BenchBuild, type BenchOptions } from './bench.ts';
export { keepBuild, requireFree } from './keep-build.ts';
export { readExports, readReport } from './read-left.ts';
export { ScriptRecorder } from './script-recorder.ts';
export { shellCommand } from './shell-command.ts';
export { textOutput } from './text-output.ts';
export type { ScriptsLeft } from '../build/index.ts';
