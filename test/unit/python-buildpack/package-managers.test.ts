/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPip'] }] */
import { expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer } from '../../rig/git-server.ts';
import { pip, startIndex } from './index-with-greeter.ts';
import { PythonBuild, treeOf } from './python-build.ts';

const itWithPip = pip === null ? it.skip : it;
const procfile = { Procfile: 'web: greet\n' };
const SECRET = 'hush-hush-42';

/** A Poetry of straw: what it is called with, what it is told, and a package that remembers where it came from. */
const straw = `
import glob, os, sys
print("called with", *sys.argv[1:])
if not os.path.exists("poetry.lock") or "broken" in open("poetry.lock").read():
    sys.exit("pyproject.toml changed significantly since poetry.lock was last generated.")
print("told", os.environ["POETRY_HTTP_BASIC_OURS_PASSWORD"], os.environ["POETRY_PYPI_MIRROR_URL"].partition("//")[2])
site, = glob.glob(os.path.join(os.environ["VIRTUAL_ENV"], "lib/python3*/site-packages"))
os.makedirs(os.path.join(site, "given-1.dist-info"))
with open(os.path.join(site, "given.py"), "w") as file:
    file.write("TEXT = 'given'")
with open(os.path.join(site, "given-1.dist-info", "direct_url.json"), "w") as file:
    file.write('{"url": "https://me:${SECRET}@example.com/given.git"}')
`;

async function filesWith(dir: string, secret: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [path, entry] of Object.entries(await treeOf(dir))) {
    if (!entry.startsWith('->') && (await readFile(join(dir, path))).includes(secret)) found.push(path);
  }
  return found;
}

itWithPip(
  'fetches a package manager once, runs it only when the lock changed, and shows no password that it prints or notes',
  async () => {
    await using index = await startIndex({ user: 'me', password: SECRET });
    index.addWheel('poetry', '2.4.1', { 'poetry/__init__.py': '', 'poetry/__main__.py': straw });
    index.addWheel('poetry_plugin_pypi_mirror', '1.0', { 'plugin.py': '' });
    await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
    await build.setConfigVar('POETRY_HTTP_BASIC_OURS_PASSWORD', 'whisper-whisper');
    const source = { ...procfile, 'pyproject.toml': '[tool.poetry]\nname = "a"\n', 'poetry.lock': '' };

    await build.source(source);
    const cold = await build.compile();
    expect(cold).toMatchObject({ exitCode: 0, report: { package_manager: 'poetry', poetry_version: '2.4.1' } });
    expect(cold.output).toContain(
      '       called with sync --only main --no-ansi --no-interaction\n       told **** me:****@127.0',
    );
    expect(cold.output).not.toMatch(/hush-hush|whisper/);
    expect(await filesWith(build.buildDir, SECRET)).toEqual([]);
    expect((await build.runDyno('python -c "import given; print(given.TEXT)"')).output).toBe('given\n');

    const asked = index.requests.length;
    await build.source({ ...source, 'pyproject.toml': '[tool.poetry]\nname = "a"\n[tool.black]\nline-length = 88\n' });
    const warm = await build.compile();
    expect(warm).toMatchObject({ exitCode: 0, report: { cache_status: 'reused' } });
    expect(warm.output).not.toContain('called with');

    await build.source({ ...source, 'poetry.lock': 'broken' });
    const broken = await build.compile();
    expect(broken).toMatchObject({
      exitCode: 1,
      report: { failure_reason: 'install-dependencies::outdated-lock-file' },
    });
    expect(broken.output).toContain(' !         git add pyproject.toml poetry.lock');
    expect(index.requests).toHaveLength(asked);
  },
);

itWithPip('keeps the password of a private repository out of the slug, and fetches NLTK corpora once', async () => {
  const root = await mkdtemp(join(tmpdir(), 'git-'));
  try {
    await using git = await startGitServer(root);
    const commit = await git.repo('thing', {
      'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      'thing.py': 'TEXT = "fetched"\n',
      'backend.py': [
        'import os, zipfile',
        'def build_editable(folder, config_settings=None, metadata_directory=None):',
        '    with zipfile.ZipFile(os.path.join(folder, "thing-1.0-py3-none-any.whl"), "w") as wheel:',
        '        for name, text in {"thing.pth": os.getcwd(), "thing-1.0.dist-info/RECORD": "",',
        '            "thing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: thing\\nVersion: 1.0\\n",',
        '            "thing-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}.items():',
        '            wheel.writestr(zipfile.ZipInfo(name), text)',
        '    return "thing-1.0-py3-none-any.whl"',
      ].join('\n'),
    });
    await using index = await startIndex();
    index.addWheel('nltk', '3.9', {
      'nltk/__init__.py': '',
      'nltk/downloader.py':
        'import os, sys\nprint("fetching", *sys.argv[3:])\nos.makedirs(sys.argv[2])\nopen(os.path.join(sys.argv[2], "x"), "w").write("corpus")\n',
    });
    await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
    await build.setConfigVar('GIT_TOKEN', SECRET);
    const url = git.url.replace('://', '://me:${GIT_TOKEN}@');
    const source = {
      ...procfile,
      'requirements.txt': `nltk\n-e git+${url}/thing@${commit}#egg=thing\n`,
      'nltk.txt': 'punkt # words\nstopwords\n',
    };
    const command = 'python -c "import thing; print(thing.TEXT)"; cat $NLTK_DATA/x';
    for (const [status, words] of [
      ['empty', '-----> Downloading NLTK corpora: punkt stopwords\n       fetching punkt stopwords\n'],
      ['reused', '-----> Using cached NLTK corpora: punkt stopwords\n'],
    ] as const) {
      await build.source(source);
      const { exitCode, report, output } = await build.compile();
      expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
      expect(report).toMatchObject({ cache_status: status });
      expect(output).toContain(words);
      expect(output).not.toContain(SECRET);
      expect(await filesWith(build.buildDir, SECRET)).toEqual([]);
      expect((await build.runDyno(command)).output).toBe('fetched\ncorpus');
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
