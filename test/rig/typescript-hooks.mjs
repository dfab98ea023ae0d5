import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transpile } from '../../.config/jest-typescript.js';

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  return { format: 'module', source: transpile(await readFile(path, 'utf8'), path), shortCircuit: true };
}
