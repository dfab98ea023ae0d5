/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPip'] }] */
import { expect, it } from '@jest/globals';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pip, startIndex } from '../unit/python-buildpack/index-with-greeter.ts';
import { PythonBuild, treeOf } from '../unit/python-buildpack/python-build.ts';

const itWithPip = pip === null ? it.skip : it;
const procfile = { Procfile: 'web: greet\n' };

itWithPip(
  'installs from requirements.txt once, and takes the same environment again while nothing that pip reads changes',
  async () => {
    await using index = await startIndex();
    await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });

    await build.source({ ...procfile, 'requirements.txt': 'greeter==1.0\n', 'app.py': 'print(1)\n' });
    const cold = await build.compile();
    expect(cold).toMatchObject({ exitCode: 0, report: { cache_status: 'empty', package_manager: 'pip' } });
    expect(cold.output).toContain("-----> Installing dependencies using 'pip install -r requirements.txt'");
    expect(cold.output).toContain('       Successfully installed greeter-1.0');
    expect(await build.runDyno('greet; python -c "import greeter, sys; print(greeter.__cached__)"')).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^hello from greeter\n.*\.pyc\n$/s),
    });
    expect(await readFile(join(build.buildDir, '.heroku/python/bin/greet'), 'utf8')).toMatch(
      /^#!\/app\/\.heroku\/python\/bin\/python\n/,
    );
    const first = await treeOf(build.buildDir);

    const asked = index.requests.length;
    await build.source({ ...procfile, 'requirements.txt': 'greeter==1.0\n', 'app.py': 'print(1)\n' });
    const warm = await build.compile();
    expect(warm).toMatchObject({ exitCode: 0, report: { cache_status: 'reused' } });
    expect(warm.output).toContain("-----> Using cached install of 'pip install -r requirements.txt'");
    expect(warm.output).not.toContain('Installing dependencies');
    expect(index.requests).toHaveLength(asked);
    expect(await treeOf(build.buildDir)).toEqual(first);

    await build.source({ ...procfile, 'requirements.txt': 'greeter==2.0\n' });
    const changed = await build.compile();
    expect(changed.output).toMatch(/Discarding cache since:\n {7}- The contents of requirements\.txt .*changed\./);
    expect((await build.runDyno('greet')).output).toBe('hello from greeter two\n');
  },
);

itWithPip('makes the same bytes in another folder with another cache', async () => {
  await using index = await startIndex();
  const files = { ...procfile, 'requirements.txt': 'greeter==1.0\n./vendor/greeting\n' };
  const vendor = 'vendor/greeting/';
  const backend = await readFile(
    join(import.meta.dirname, '../../fixtures/apps/python-requirements-crlf-bom', vendor, 'backend.py'),
  );
  const project = await readFile(
    join(import.meta.dirname, '../../fixtures/apps/python-requirements-crlf-bom', vendor, 'pyproject.toml'),
  );
  const trees = [];
  for (const _ of [1, 2]) {
    await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
    await build.source({
      ...files,
      [`${vendor}backend.py`]: backend,
      [`${vendor}pyproject.toml`]: project,
      [`${vendor}greeting.py`]: 'TEXT = 1\n',
    });
    expect(await build.compile()).toMatchObject({ exitCode: 0 });
    trees.push(await treeOf(build.buildDir));
    const grep = await build.runDyno(
      'grep -r -l build_ .heroku/python/lib/python3*/site-packages/*.dist-info .heroku/python/bin .heroku/python/*.cfg',
    );
    expect(grep).toEqual({ exitCode: 1, output: '' });
  }
  expect(trees[0]).toEqual(trees[1]);
});

itWithPip(
  'reads every included file: a change in one installs anew, and a config var named in one is filled in',
  async () => {
    await using index = await startIndex();
    await using build = await PythonBuild.start({ PIP_INDEX_URL: 'http://127.0.0.1:9/none' });
    await build.setConfigVar('INDEX', index.url);
    const source = (limit: string) => ({
      ...procfile,
      'requirements.txt': '--index-url ${INDEX}\n-r requirements/base.txt\n-c limits.txt\n',
      'requirements/base.txt': 'greeter\n',
      'limits.txt': limit,
    });
    // pip comes from the machine here, since its own index can't be reached; without one there, from the working index.
    await build.source(source('greeter<2\n'));
    const first = await build.compile({ PIP_INDEX_URL: index.url });
    expect(first.output).toContain('Successfully installed greeter-1.0');
    await build.source(source('greeter>=2\n'));
    expect((await build.compile({ PIP_INDEX_URL: index.url })).output).toContain('Successfully installed greeter-2.0');
  },
);

itWithPip('never uses a cached environment whose files an app has changed during its build', async () => {
  await using index = await startIndex();
  await using build = await PythonBuild.start({ PIP_INDEX_URL: index.url });
  const source = { ...procfile, 'requirements.txt': 'greeter==1.0\n' };
  await build.source({
    ...source,
    'bin/post_compile': '#!/bin/bash\necho "print(666)" >> .heroku/python/lib/python3*/site-packages/greeter.py\n',
  });
  expect(await build.compile()).toMatchObject({ exitCode: 0 });

  await build.source(source);
  const second = await build.compile();
  expect(second.output).toContain('- Files of the cached environment were changed after the install.');
  expect((await build.runDyno('greet')).output).toBe('hello from greeter\n');
});

itWithPip('installs from a private index without showing its password anywhere', async () => {
  const login = { user: 'me', password: 'hush-hush-42' };
  await using index = await startIndex(login);
  await using build = await PythonBuild.start({});
  await build.setConfigVar('PIP_INDEX_URL', index.url);
  await build.source({ ...procfile, 'requirements.txt': 'greeter==1.0\n' });
  const result = await build.compile();
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.output + JSON.stringify(result.report)).not.toContain(login.password);
  for (const text of Object.values(await filesWith(build.buildDir, login.password))) expect(text).toBe('');
});

async function filesWith(dir: string, secret: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [path, entry] of Object.entries(await treeOf(dir))) {
    if (!entry.startsWith('->') && (await readFile(join(dir, path))).includes(secret)) found[path] = path;
  }
  return found;
}

it('runs the hooks with config vars, indents what they print, and stops at one that fails', async () => {
  await using build = await PythonBuild.start();
  await build.setConfigVar('GREETING', 'two\nlines\n');
  await build.source({
    'requirements.txt': '# nothing\n',
    Procfile: 'web: true\n',
    'bin/pre_compile': '#!/bin/bash\nprintf "%s" "$GREETING"\n',
    'bin/post_compile': '#!/bin/bash\npython -c "import sys; print(sys.prefix == sys.base_prefix)"\nexit 7\n',
  });
  const result = await build.compile();
  expect(result.exitCode).toBe(1);
  expect(result.output).toContain('-----> Running bin/pre_compile hook\n       two\n       lines\n');
  expect(result.output).toContain('-----> Running bin/post_compile hook\n       False\n');
  expect(result.output).toContain(' !     Error: Your script bin/post_compile failed.');
  expect(result.output).toContain('exit status 7');
  expect(result.report['failure_reason']).toBe('hooks::post_compile');
});

it('ends a hook with its script, whatever the daemons that it leaves behind print', async () => {
  await using build = await PythonBuild.start();
  const daemon = 'while echo late; do sleep 0.05; done';
  const marker = `${build.cacheDir}/daemon`;
  await build.source({
    'requirements.txt': '# nothing\n',
    Procfile: 'web: true\n',
    'bin/pre_compile': `#!/bin/bash\n(${daemon}) & echo $! >'${marker}'\nprintf 'https://user:secret@host without an end'\n`,
    'bin/post_compile': `#!/bin/bash\nkill -0 "$(cat '${marker}')" && echo 'the daemon of before still runs'\n`,
  });
  const compiled = build.compile();
  const outcome = await Promise.race([compiled, delay(60_000, 'held by the daemon', { ref: false })]);
  process.kill(Number(await readFile(marker, 'utf8')), 'SIGKILL');

  expect(outcome).toMatchObject({ exitCode: 0 });
  const { output } = await compiled;
  const lines = output.split('\n').filter((line) => line !== '       late');
  expect(lines[0]).toBe('-----> Running bin/pre_compile hook');
  expect(output).toMatch(/^ {7}(late)?https:\/\/\*\*\*\*@host without an end(late)?$/m);
  expect(lines).toContain('       the daemon of before still runs');
  expect(output.split('-----> No Python version')[1]).not.toContain('late');
});

it('gives hooks no config vars that bash keeps to itself, and all others byte for byte', async () => {
  await using build = await PythonBuild.start();
  const own = 'UID EUID PPID SHELLOPTS BASHOPTS BASH_VERSINFO BASHPID FUNCNAME GROUPS RANDOM SECONDS LINENO'.split(' ');
  for (const name of own) await build.setConfigVar(name, 'xtrace');
  const names = ['name', 'value', 'file', 'end', 'into', 'status', 'HOST_UID'];
  for (const name of names) await build.setConfigVar(name, `  ${name}\n\n`);
  await build.source({
    'requirements.txt': '# nothing\n',
    Procfile: 'web: true\n',
    'bin/pre_compile': '#!/usr/bin/python3\nimport json, os\nprint(json.dumps(dict(os.environ)))\n',
  });

  const { exitCode, output } = await build.compile();

  expect(exitCode).toBe(0);
  const seen = JSON.parse(output.split('\n')[1] ?? '') as Record<string, string>;
  for (const name of own) expect(seen[name]).not.toBe('xtrace');
  expect(seen).toMatchObject(Object.fromEntries(names.map((name) => [name, `  ${name}\n\n`])));
});

it('gives the buildpacks after it a Python, and dynos their variables', async () => {
  await using build = await PythonBuild.start();
  await build.source('python-stdlib');
  expect(await build.compile()).toMatchObject({ exitCode: 0 });
  expect(await readFile(build.exportFile, 'utf8')).toContain(
    `export PATH=${build.buildDir}/.heroku/python/bin:"$PATH"`,
  );
  const env = await build.runDyno(
    'echo "$PYTHONPATH|$LANG|$GUNICORN_CMD_ARGS|${PYTHONHOME-unset}"; python -c "import sys; print(sys.prefix)"',
    {
      LANG: 'de_DE.UTF-8',
      PYTHONHOME: '/nowhere',
    },
  );
  expect(env.output).toMatch(
    /^\/.*\/dyno-1\|de_DE\.UTF-8\|--access-logfile -\|unset\n\/.*\/dyno-1\/\.heroku\/python\n$/,
  );
});

it('survives a cache that is garbage', async () => {
  await using build = await PythonBuild.start();
  await build.source('python-stdlib');
  await build.compile();
  await writeFile(join(build.cacheDir, 'python/interpreter'), '\0\t/etc/passwd\nnonsense');
  await appendFile(join(build.cacheDir, 'python/key'), 'x');
  await build.source('python-stdlib');
  expect(await build.compile()).toMatchObject({ exitCode: 0 });
});
