import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCase, type LoadedCase } from './load-case.ts';

/** The cases of a buildpack: `test/<name>/case.yml` and `test/cases/<name>.yml`, by name. */
export async function findCases(buildpackDir: string): Promise<readonly LoadedCase[]> {
  const test = join(buildpackDir, 'test');
  const files: string[] = [];
  for (const entry of await readdir(test, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const dir = join(test, entry.name);
    const names = (await readdir(dir)).filter((name) =>
      entry.name === 'cases' ? /\.ya?ml$/.test(name) : /^case\.ya?ml$/.test(name),
    );
    files.push(...names.map((name) => join(dir, name)));
  }
  const loaded = await Promise.all(files.toSorted().map(loadCase));
  return loaded.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

export function nameOf(loaded: LoadedCase): string {
  return loaded.status === 'loaded' ? loaded.case.name : loaded.name;
}
