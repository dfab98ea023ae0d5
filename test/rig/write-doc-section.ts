import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { checkout } from './platform-rig.ts';

/** Puts figures between `<!-- name -->` and `<!-- /name -->` of a page of docs/; a page or a section that is not there is made. */
export async function writeDocSection(page: string, name: string, text: string): Promise<void> {
  const path = join(checkout, 'docs', page);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const section = `${begin}\n\n${text.trim()}\n\n${end}`;
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '# Reliability\n';
    throw error;
  });
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  const after =
    from === -1 || to < from
      ? `${before.trimEnd()}\n\n${section}\n`
      : `${before.slice(0, from)}${section}${before.slice(to + end.length)}`;
  await writeFileAtomic(path, after, 0o644);
}
