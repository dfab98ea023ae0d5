import { findPipWheel, PackageIndex, type IndexLogin } from '../../rig/package-index.ts';

export const pip = await findPipWheel();
if (pip === null)
  process.stderr.write('skipped: tests that install packages, because this machine has no pip to serve\n');

/** An index with pip itself and two versions of a package with a console script. */
export async function startIndex(login: IndexLogin | null = null): Promise<PackageIndex> {
  const index = await PackageIndex.start(login);
  if (pip !== null) index.add(pip.filename, pip.bytes);
  index.addWheel(
    'greeter',
    '1.0',
    { 'greeter.py': 'def main():\n    print("hello from greeter")\n' },
    { scripts: { greet: 'greeter:main' } },
  );
  index.addWheel(
    'greeter',
    '2.0',
    { 'greeter.py': 'def main():\n    print("hello from greeter two")\n' },
    { scripts: { greet: 'greeter:main' } },
  );
  return index;
}
