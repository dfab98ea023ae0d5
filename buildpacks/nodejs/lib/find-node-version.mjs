import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem, isObject } from './problem.mjs';

/** Series for long use by the names that nvm knows. Source: https://github.com/nodejs/Release */
const longTerm = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
};

/** [range, file that states it]; both empty when nothing does. `engines` of package.json comes first, as on Heroku. */
export function findNodeVersion(dir, manifest) {
  const stated = isObject(manifest.engines) ? manifest.engines.node : undefined;
  if (stated !== undefined && typeof stated !== 'string') throw new Problem('engines-invalid', JSON.stringify(stated));
  if (stated !== undefined && stated.trim() !== '')
    return [rangeOf(stated, 'package.json'), 'package.json (engines.node)'];
  for (const file of ['.nvmrc', '.node-version']) {
    const lines = linesOf(join(dir, file));
    if (lines === null) continue;
    if (lines.length !== 1)
      throw new Problem('version-file-invalid', file, lines.length === 0 ? 'nothing' : lines.join(', '));
    return [rangeOf(lines[0], file), file];
  }
  for (const line of linesOf(join(dir, '.tool-versions')) ?? []) {
    const [tool, version] = line.split(/\s+/);
    if ((tool === 'nodejs' || tool === 'node') && version !== undefined)
      return [rangeOf(version, '.tool-versions'), '.tool-versions'];
  }
  return ['', ''];
}

function rangeOf(text, file) {
  const plain = text.trim().toLowerCase();
  const name = /^lts\/([a-z]+)$/.exec(plain)?.[1];
  if (name !== undefined && longTerm[name] !== undefined) return `${longTerm[name]}.x`;
  if (name !== undefined || plain === 'system') throw new Problem('version-file-invalid', file, text.trim());
  if (plain === 'lts/*' || plain === 'lts' || plain === 'lts/-0') return '';
  if (['node', 'stable', 'current', 'latest'].includes(plain)) return '*';
  return text.trim();
}

/** Without comments and blank lines; null where there is no such file. */
function linesOf(path) {
  let text;
  try {
    if (statSync(path).size > 4096) return [];
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}
