/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPip'] }] */
import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pip, startIndex } from '../unit/python-buildpack/index-with-greeter.ts';
import { PythonBuild } from '../unit/python-buildpack/python-build.ts';

const itWithPip = pip === null ? it.skip : it;
const procfile = { Procfile: 'web: greet\n' };

itWithPip('installs the dependencies of a pyproject.toml, and a project that has to be built', async () => {
  await using index = await startIndex();
  await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
  const list = '[project]\nname = "site"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["greeter<2"]\n';
  await build.source({ ...procfile, 'pyproject.toml': list });
  const cold = await build.compile();
  expect(cold).toMatchObject({
    exitCode: 0,
    report: { package_manager: 'pip-dependencies', python_version_origin: 'pyproject.toml' },
  });
  expect((await build.runDyno('greet')).output).toBe('hello from greeter\n');
  await build.source({ ...procfile, 'pyproject.toml': list, 'changed.py': '' });
  expect(await build.compile()).toMatchObject({ exitCode: 0, report: { cache_status: 'reused' } });

  const vendor = join(import.meta.dirname, '../../fixtures/apps/python-requirements-crlf-bom/vendor/greeting');
  const project = {
    ...procfile,
    'pyproject.toml': await readFile(join(vendor, 'pyproject.toml')),
    'backend.py': await readFile(join(vendor, 'backend.py')),
    'greeting.py': 'TEXT = "one"\n',
  };
  await build.source(project);
  expect((await build.compile()).output).toContain("-----> Installing the project using 'pip install .'");
  await build.source(project);
  expect((await build.compile()).output).toContain("-----> Using cached install of 'pip install .'");
});

itWithPip('reads requirements with carriage returns and byte order marks', async () => {
  await using index = await startIndex();
  await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
  await build.source('python-requirements-crlf-bom');
  const result = await build.compile();
  expect(result.exitCode).toBe(0);
  expect((await build.runDyno('python -c "import greeting; print(greeting.TEXT)"')).output).toContain(
    'byte order mark',
  );

  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('greeter==1.0\r\n', 'utf16le')]);
  await build.source({ ...procfile, 'requirements.txt': utf16 });
  expect((await build.compile()).output).toContain('Successfully installed greeter-1.0');
});

itWithPip(
  'collects static files of Django with config vars, and says how to switch it off when that fails',
  async () => {
    await using index = await startIndex();
    index.addWheel('django', '5.2', { 'django/__init__.py': '', 'django/core/__init__.py': '' });
    await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
    const manage = [
      'import os, sys',
      'print("Copying /a/b.css")',
      'print(os.environ["GREETING"], sys.argv[1:])',
      'print("1 static file copied.")',
    ].join('\n');
    const source = { ...procfile, 'requirements.txt': 'django\n', 'site/manage.py': manage };
    await build.source(source);
    const failed = await build.compile();
    expect(failed.exitCode).toBe(1);
    expect(failed.output).toContain(' !     Your settings read the config var GREETING');
    expect(failed.output).toContain(' !         heroku config:set DISABLE_COLLECTSTATIC=1');

    await build.setConfigVar('GREETING', 'good evening');
    await build.source(source);
    const passed = await build.compile();
    expect(passed.output).toContain('-----> $ python site/manage.py collectstatic --noinput\n       good evening [');
    expect(passed.output).toContain('       1 static file copied.');
    expect(passed.output).not.toContain('Copying');

    await build.setConfigVar('DISABLE_COLLECTSTATIC', '1');
    await build.source(source);
    expect((await build.compile()).output).toContain('Skipping Django collectstatic');
  },
);

itWithPip('lets a console script of an edited project see its edits, in the home of the dyno', async () => {
  await using index = await startIndex();
  await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
  const backend = [
    'import base64, hashlib, os, zipfile',
    'def build_editable(folder, config_settings=None, metadata_directory=None):',
    '    info = "edited-1.0.dist-info/"',
    '    files = {"edited.pth": os.path.abspath("lib"), info + "METADATA": "Metadata-Version: 2.1\\nName: edited\\nVersion: 1.0\\n",',
    '             info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}',
    '    h = lambda t: base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()).rstrip(b"=").decode()',
    '    files[info + "RECORD"] = "".join(f"{n},sha256={h(t)},{len(t)}\\n" for n, t in files.items()) + info + "RECORD,,\\n"',
    '    with zipfile.ZipFile(os.path.join(folder, "edited-1.0-py3-none-any.whl"), "w") as wheel:',
    '        for name, text in files.items(): wheel.writestr(zipfile.ZipInfo(name), text)',
    '    return "edited-1.0-py3-none-any.whl"',
  ].join('\n');
  const source = (text: string) => ({
    ...procfile,
    'requirements.txt': '-e .\n',
    'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    'backend.py': backend,
    'lib/edited.py': `TEXT = "${text}"\n`,
  });
  for (const [text, status] of [
    ['one', 'empty'],
    ['two', 'reused'],
  ] as const) {
    await build.source(source(text));
    const result = await build.compile();
    expect(result).toMatchObject({ exitCode: 0, report: { cache_status: status } });
    expect('dependencies_install_ms' in result.report).toBe(status === 'empty');
    expect(await build.runDyno('python -c "import edited; print(edited.TEXT, edited.__file__)"')).toMatchObject({
      output: expect.stringMatching(new RegExp(`^${text} .*/dyno-\\d/lib/edited.py\n$`)),
    });
    const pth = await readFile(
      join(build.buildDir, '.heroku/python/lib', await seriesFolder(build), 'site-packages/edited.pth'),
      'utf8',
    );
    expect(pth.trim()).toBe('/app/lib');
  }
});

async function seriesFolder(build: PythonBuild): Promise<string> {
  const report = await readFile(join(build.cacheDir, 'python/interpreter'), 'utf8');
  return `python${/^\d+\.\d+/.exec(report)?.[0] ?? ''}`;
}
