// Lets jest run TypeScript through the compiler that we have anyway: types away, modules as they are. Types are `npm run check`'s job.
import { createHash } from 'node:crypto';
import typescript from 'typescript';

const compilerOptions = {
  target: typescript.ScriptTarget.ES2022,
  module: typescript.ModuleKind.ES2022,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
  inlineSources: true,
};
const version = createHash('sha256')
  .update(JSON.stringify([typescript.version, compilerOptions]))
  .digest('hex');

export function transpile(source, path) {
  return typescript.transpileModule(source, { compilerOptions, fileName: path }).outputText;
}

export default {
  getCacheKey: (source, path) => createHash('sha256').update(version).update(path).update(source).digest('hex'),
  process: (source, path) => ({ code: transpile(source, path) }),
};
