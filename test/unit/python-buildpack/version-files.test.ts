import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { run } from '../../../src/lib/spawn.ts';
import { buildpackDir } from './python-build.ts';

type Files = Readonly<Record<string, string>>;

const toml = (text: string): Files => ({ 'pyproject.toml': text });
const requires = (range: string): string => `[project]\nname = "a"\nrequires-python = "${range}"\n`;
const pipfileLock = (meta: string): string => `{"_meta": {"requires": {${meta}}}, "default": {}}`;

/** What the app says, and `specifier (as written, file)`, or the reason why not. */
const cases: readonly (readonly [files: Files, expected: string])[] = [
  [{}, 'none'],
  [{ 'runtime.txt': 'python-3.12.4\n', '.python-version': '3.11' }, '==3.12.4 (3.12.4, runtime.txt)'],
  [
    { '.python-version': '3.11\n', 'Pipfile.lock': pipfileLock('"python_version": "3.12"') },
    '==3.11.* (3.11, .python-version)',
  ],
  [
    {
      'Pipfile.lock': pipfileLock('"python_version": "3.12", "python_full_version": "3.12.4"'),
      '.tool-versions': 'python 3.10.1',
    },
    '==3.12.4 (3.12.4, Pipfile.lock)',
  ],
  [{ Pipfile: '[requires]\npython_version = "3.12"\n' }, '==3.12.* (3.12, Pipfile)'],
  [{ Pipfile: '[requires]\npython_version = "3.12"\n', 'Pipfile.lock': pipfileLock('') }, 'none'],
  [{ Pipfile: '[requires]\npython_version = "new"\n' }, 'error invalid-version Pipfile'],
  [{ Pipfile: '[requires\n' }, 'error invalid-toml Pipfile'],
  [{ 'Pipfile.lock': '[]' }, 'error invalid-json Pipfile.lock'],
  [{ '.tool-versions': '# ours\nnodejs 22.1.0\npython system 3.12.7 3.11.1\n' }, '==3.12.7 (3.12.7, .tool-versions)'],
  [{ '.tool-versions': 'python latest:3.13\n' }, '==3.13.* (3.13, .tool-versions)'],
  [{ '.tool-versions': 'python miniconda3-latest\n' }, 'none'],
  [{ 'mise.toml': '[tools]\npython = "3.12"\n' }, '==3.12.* (3.12, mise.toml)'],
  [{ '.mise.toml': '[tools]\npython = ["latest", "3.11.4"]\n' }, '==3.11.4 (3.11.4, .mise.toml)'],
  [{ 'environment.yml': 'dependencies:\n  - python=3.11\n' }, '==3.11.* (3.11, environment.yml)'],
  [
    { 'environment.yaml': 'dependencies:\n- conda-forge::python>=3.11,<3.13 # ours\n' },
    '>=3.11,<3.13 (>=3.11,<3.13, environment.yaml)',
  ],
  [{ 'environment.yml': 'dependencies:\n  - python=3.7\n' }, 'error eol environment.yml'],
  [{ 'environment.yml': 'dependencies:\n  - python=3.11\n', 'requirements.txt': '' }, 'none'],
  [{ 'runtime.txt': '# ours\n\n  python-3.12.4  # and why\n' }, '==3.12.4 (3.12.4, runtime.txt)'],
  [toml(requires('3.12.*')), '==3.12.* (3.12.*, pyproject.toml)'],
  [toml(requires('new')), 'error invalid-range pyproject.toml'],
  [toml(requires('>=3.11')), '>=3.11 (>=3.11, pyproject.toml)'],
  [toml('[tool.poetry.dependencies]\npython = "^3.11"\n'), '>=3.11,<4 (^3.11, pyproject.toml)'],
  [toml('[tool.poetry.dependencies]\npython = "~3.11.2"\n'), '>=3.11.2,<3.12 (~3.11.2, pyproject.toml)'],
  [
    toml('[tool.poetry.dependencies]\npython = ">=3.10 <3.12 || ^3.13"\n'),
    '>=3.10,<3.12||>=3.13,<4 (>=3.10 <3.12 || ^3.13, pyproject.toml)',
  ],
  [toml('[tool.poetry.dependencies]\npython = "3.12"\n'), '==3.12.* (3.12, pyproject.toml)'],
  [toml('[tool.poetry.dependencies]\npython = "*"\n'), 'none'],
  [toml('[tool.poetry.dependencies]\npython = "whatever"\n'), 'error invalid-range pyproject.toml'],
  [{ 'setup.cfg': '[options]\npython_requires = >=3.10\n' }, '>=3.10 (>=3.10, setup.cfg)'],
  [{ 'pyproject.toml': '', 'uv.lock': 'version = 1\nrequires-python = ">=3.12"\n' }, '>=3.12 (>=3.12, uv.lock)'],
  [
    {
      'pyproject.toml': '',
      'poetry.lock': '[[package]]\npython-versions = ">=3.8"\n\n[metadata]\npython-versions = "^3.11"\n',
    },
    '>=3.11,<4 (^3.11, poetry.lock)',
  ],
  [
    { 'pyproject.toml': '', 'pdm.lock': '[[metadata.targets]]\nrequires_python = "==3.12.*"\n' },
    '==3.12.* (==3.12.*, pdm.lock)',
  ],
  [
    { '.python-version': '3.11', 'uv.lock': '', ...toml(requires('>=3.11.4,<3.12')) },
    '==3.11.* (3.11, .python-version)',
  ],
  [
    { '.python-version': '3.11.3', 'uv.lock': '', ...toml(requires('>=3.11.4')) },
    'error contradiction .python-version',
  ],
  [{ '.python-version': '3.11.3', ...toml(requires('>=3.11.4')) }, '==3.11.3 (3.11.3, .python-version)'],
];

const script = `
import json, os, sys, tempfile
sys.path.insert(0, sys.argv[1])
if len(sys.argv) > 2: sys.modules["tomllib"] = None
import versions
answers = []
for files, _ in json.load(sys.stdin):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        answers.append(versions.wanted(folder))
print(json.dumps(answers))
`;

it.each([
  ['', []],
  [', also where Python has no TOML', ['plain']],
])('finds the version in every file that people write it into%s', async (_, more) => {
  const args = ['-I', '-S', '-B', '-c', script, join(buildpackDir, 'lib'), ...more];
  const answers = JSON.parse(
    (await run('/usr/bin/python3', args, { stdin: JSON.stringify(cases) })).toString(),
  ) as string[];
  const shown = answers.map((answer, index) => {
    const [kind, specifier, written, file] = answer.split('\t');
    const found =
      kind === 'found'
        ? `${specifier ?? ''} (${written ?? ''}, ${file ?? ''})`
        : `error ${specifier ?? ''} ${written ?? ''}`;
    return [cases[index]?.[0], kind === 'none' ? 'none' : found];
  });
  // Without TOML a table that isn't closed is no table.
  expect(shown).toEqual(
    cases.map(([files, expected]) => [files, more.length > 0 && expected.includes('invalid-toml') ? 'none' : expected]),
  );
});
