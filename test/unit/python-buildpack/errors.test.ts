/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itEachWithPip'] }] */
import { expect, it } from '@jest/globals';
import { spawn } from '../../../src/lib/spawn.ts';
import { findPipWheel, PackageIndex } from '../../rig/package-index.ts';
import { PythonBuild } from './python-build.ts';

const pip = await findPipWheel();
if (pip === null) process.stderr.write('skipped: tests that run pip, because this machine has no pip to serve\n');
const hasCompiler =
  (await spawn('cc', ['--version'], { env: { PATH: '/usr/bin:/bin' } }).catch(() => null))?.exitCode === 0;
if (!hasCompiler)
  process.stderr.write('skipped: the test of a package that does not compile, because there is no cc here\n');

const itEachWithPip = pip === null ? it.skip.each : it.each;

type Files = Readonly<Record<string, string | Uint8Array>>;

it.each<{ title: string; source: string | Files; reason: string; says: string }>([
  {
    title: 'a lock file beside requirements',
    source: 'python-both-lock-and-requirements',
    reason: 'package-manager::multiple-found',
    says: 'Pipfile.lock (Pipenv)',
  },
  {
    title: 'a version that does not exist',
    source: 'python-version-unknown',
    reason: 'python-version::unknown-major',
    says: 'asks for Python 3.99',
  },
  {
    title: 'an old runtime.txt',
    source: { 'runtime.txt': 'python-3.8.1\n' },
    reason: 'python-version::eol',
    says: 'Python 3.8.1 is no longer supported',
  },
  {
    title: 'a runtime.txt with only a number',
    source: { 'runtime.txt': '3.12' },
    reason: 'runtime-txt::invalid-version',
    says: 'python-3.14',
  },
  {
    title: 'words in .python-version',
    source: { '.python-version': 'the newest\n' },
    reason: 'python-version-file::invalid-version',
    says: 'It says: the newest',
  },
  {
    title: 'an empty .python-version',
    source: { '.python-version': '# none\n\n' },
    reason: 'python-version-file::no-version',
    says: "There's no Python version",
  },
  {
    title: 'two versions',
    source: { '.python-version': '3.11\n3.12\n' },
    reason: 'python-version-file::multiple-versions',
    says: '3.11, 3.12',
  },
  {
    title: 'a .python-version in UTF-16',
    source: { '.python-version': Buffer.from('\ufeff3.12\r\n', 'utf16le') },
    reason: 'python-version-file::invalid-encoding',
    says: 'PowerShell',
  },
  {
    title: 'a misspelt version file',
    source: { '.python_version': '3.12\n', 'app.py': '' },
    reason: 'python-version-file::misspelled',
    says: "git mv '.python_version' .python-version",
  },
  {
    title: 'a broken pyproject.toml',
    source: { 'pyproject.toml': '[project\n' },
    reason: 'pyproject-toml::invalid',
    says: "isn't valid TOML",
  },
  {
    title: 'a range of no version',
    source: { 'pyproject.toml': '[project]\nname="a"\nrequires-python = "new"\n' },
    reason: 'requires-python::invalid',
    says: '>=3.11,<3.14',
  },
  {
    title: 'a range beyond what can be had',
    source: { 'pyproject.toml': '[project]\nname="a"\nrequires-python = ">=3.15"\n' },
    reason: 'python-version::unavailable',
    says: '(machine)',
  },
  {
    title: 'a misspelt requirements file',
    source: { 'requirement.txt': 'flask\n' },
    reason: 'package-manager::misspelled',
    says: "git mv 'requirement.txt' requirements.txt",
  },
  {
    title: 'a committed virtual environment',
    source: { 'requirements.txt': '', 'venv/pyvenv.cfg': '' },
    reason: 'venv-in-app-source',
    says: 'git rm -r --cached venv',
  },
  {
    title: 'a committed Python',
    source: { 'requirements.txt': '', '.heroku/python/bin/python': '' },
    reason: 'python-in-app-source',
    says: 'buildpacks:remove',
  },
  {
    title: 'requirements in another encoding',
    source: { 'requirements.txt': Buffer.from('flask # sch\xf6n\n', 'latin1') },
    reason: 'requirements::invalid-encoding',
    says: 'line 1 is not UTF-8',
  },
  {
    title: 'an included file that is missing',
    source: { 'requirements.txt': '-r base.txt\n' },
    reason: 'requirements::missing-include',
    says: 'git add base.txt',
  },
  {
    title: 'two lock files',
    source: { 'pyproject.toml': '', 'poetry.lock': '', 'uv.lock': '' },
    reason: 'package-manager::multiple-found',
    says: 'uv.lock (uv)',
  },
  {
    title: 'a Pipfile.lock with the marks of a merge',
    source: { Pipfile: '', 'Pipfile.lock': '<<<<<<< HEAD\n{}\n' },
    reason: 'pipfile-lock::invalid-json',
    says: 'line 1 column 1',
  },
  {
    title: 'a Pipfile.lock with a range for a version',
    source: { Pipfile: '', 'Pipfile.lock': '{"_meta": {"requires": {"python_version": ">=3.11"}}}' },
    reason: 'pipfile-lock::invalid-version',
    says: 'python_version = "3.14"',
  },
  {
    title: 'a Pipfile.lock of old times',
    source: { Pipfile: '', 'Pipfile.lock': '{"_meta": {"requires": {"python_full_version": "3.7.2"}}}' },
    reason: 'python-version::eol',
    says: 'Pipfile.lock asks for Python 3.7.2',
  },
  {
    title: 'a version of the future in .tool-versions',
    source: { '.tool-versions': 'nodejs 22.1.0\npython 4.1.0\n', 'requirements.txt': '' },
    reason: 'python-version::unknown-major',
    says: '.tool-versions asks for Python 4.1.0',
  },
  {
    title: 'a runtime.txt beside uv.lock',
    source: { 'runtime.txt': 'python-3.13.1', 'pyproject.toml': '', 'uv.lock': '' },
    reason: 'runtime-txt::not-supported',
    says: 'uv python pin',
  },
  {
    title: 'a version that the project excludes',
    source: {
      '.python-version': '3.11\n',
      'pyproject.toml': '[project]\nname = "a"\nrequires-python = ">=3.12"\n',
      'uv.lock': '',
    },
    reason: 'python-version::contradiction',
    says: ".python-version asks for 3.11, and pyproject.toml for '>=3.12'",
  },
  {
    title: "a range in Poetry's words that can't be had",
    source: { 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.9, !=3.10.*, <3.11"\n', 'poetry.lock': '' },
    reason: 'python-version::unavailable',
    says: 'pyproject.toml asks for it',
  },
  {
    title: 'an environment.yml in no known form',
    source: { 'environment.yml': 'dependencies:\n  - python=3.11\n  - {a: b}\n' },
    reason: 'conda::invalid',
    says: '{a: b}',
  },
])('explains $title before it installs anything', async ({ source, reason, says }) => {
  await using build = await PythonBuild.start();
  await build.source(source);
  const result = await build.compile();
  expect(result.output).toMatch(/\n ! {5}Error: .*\n !\n/);
  expect(result.output).toContain(says);
  expect(result).toMatchObject({ exitCode: 1, report: { failure_reason: reason } });
});

itEachWithPip<{ title: string; source: string | Files; reason: string; says: string }>([
  {
    title: 'a package that does not exist',
    source: 'python-no-such-requirement',
    reason: 'install-dependencies::no-such-package',
    says: "no package named 'flsak'",
  },
  {
    title: 'a version that does not exist',
    source: { 'requirements.txt': 'greeter==7\n' },
    reason: 'install-dependencies::no-such-version',
    says: '1.0 2.0',
  },
  {
    title: 'a line that is no requirement',
    source: { 'requirements.txt': 'greeter 1.0 pypi_0\n' },
    reason: 'install-dependencies::invalid-requirement',
    says: 'conda list',
  },
  {
    title: 'requirements that contradict each other',
    source: { 'requirements.txt': 'greeter==1.0\nneedy\n' },
    reason: 'install-dependencies::conflict',
    says: 'depends on greeter',
  },
  {
    title: 'a package whose own build steps fail',
    source: {
      'requirements.txt': './ours\n',
      'ours/pyproject.toml':
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "ours"\nversion = "1"\n',
      'ours/backend.py': 'def get_requires_for_build_wheel(*args):\n    raise RuntimeError("no luck with ours")\n',
    },
    reason: 'install-dependencies::build',
    says: 'RuntimeError: no luck with ours',
  },
  ...(hasCompiler
    ? [
        {
          title: 'a package that does not compile',
          source: 'python-compile-error',
          reason: 'install-dependencies::build',
          says: 'a-library-that-nobody-has.h',
        },
      ]
    : []),
])('explains $title when pip fails', async ({ source, reason, says }) => {
  await using index = await PackageIndex.start();
  if (pip !== null) index.add(pip.filename, pip.bytes);
  index.addWheel('greeter', '1.0', { 'greeter.py': '' });
  index.addWheel('greeter', '2.0', { 'greeter.py': '' });
  index.addWheel('needy', '1.0', { 'needy.py': '' }, { requires: ['greeter>=2'] });
  await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
  await build.source(source);
  const result = await build.compile();
  expect(result).toMatchObject({ exitCode: 1, report: { failure_reason: reason } });
  expect(result.output.slice(result.output.indexOf(' !     Error'))).toContain(says);
  expect(result.output).not.toContain('itself failed');
});

it('tells an index that cannot be reached from a package that does not exist', async () => {
  await using build = await PythonBuild.start({ PIP_INDEX_URL: 'http://me:hush-hush-42@127.0.0.1:9/simple' });
  await build.source({ 'requirements.txt': 'flask\n' });
  const result = await build.compile();
  expect(result).toMatchObject({ exitCode: 1, report: { failure_reason: 'install-dependencies::no-network' } });
  expect(result.output).toContain(" !     Error: The package index can't be reached.");
  expect(result.output).not.toContain('hush-hush-42');
});
