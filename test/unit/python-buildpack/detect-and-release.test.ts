import { expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { run, spawn } from '../../../src/lib/spawn.ts';
import { buildpackDir, PythonBuild } from './python-build.ts';

it.each([
  'requirements.txt',
  'pyproject.toml',
  '.python-version',
  'app.py',
  'requirments.txt',
  'uv.lock',
  'venv/pyvenv.cfg',
])('detects Python by %s', async (name) => {
  await using build = await PythonBuild.start();
  await build.source({ [name]: '' });
  expect(await build.detect()).toEqual({ exitCode: 0, stdout: 'Python\n', stderr: '' });
});

it('explains what is missing, with a listing, when nothing speaks of Python', async () => {
  await using build = await PythonBuild.start();
  await build.source({ 'package.json': '{}', 'src/a.js': '' });
  const result = await build.detect();
  expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  expect(result.stderr).toMatch(/^Error: .*requirements\.txt.*package\.json\nsrc\/\n$/s);
});

it('has an order of detection that names folders which exist', async () => {
  const order = JSON.parse(
    (await run('cat', [join(buildpackDir, '../order.json')], { env: { PATH: '/bin' } })).toString(),
  ) as {
    buildpacks: readonly { name: string; path: string }[];
  };
  for (const { name, path } of order.buildpacks) {
    expect(name).toMatch(/^heroku\/[a-z]+$/);
    expect(await readdir(join(buildpackDir, '..', path, 'bin'))).toEqual(['compile', 'detect', 'release', 'report']);
  }
});

const manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";

it.each<{ title: string; files: Readonly<Record<string, string>>; installed: readonly string[]; web: string | null }>([
  {
    title: 'Django',
    files: { 'manage.py': manage, 'shop/settings.py': "WSGI_APPLICATION = 'shop.wsgi.application'\n" },
    installed: ['django', 'gunicorn'],
    web: 'gunicorn shop.wsgi:application',
  },
  {
    title: 'Django in a folder',
    files: {
      'site/manage.py': manage,
      'site/shop/settings/__init__.py': '',
      'site/shop/settings/base.py': "WSGI_APPLICATION = 'shop.wsgi.application'\n",
    },
    installed: ['django', 'gunicorn'],
    web: 'gunicorn --chdir site shop.wsgi:application',
  },
  {
    title: 'Django without gunicorn',
    files: { 'manage.py': manage, 'shop/wsgi.py': '', 'shop/settings.py': '' },
    installed: ['django'],
    web: 'python manage.py runserver 0.0.0.0:$PORT --noreload',
  },
  {
    title: 'FastAPI under any name',
    files: { 'service/__init__.py': '', 'service/main.py': 'from fastapi import FastAPI as F\nsite: F = F()\n' },
    installed: ['fastapi', 'uvicorn'],
    web: 'uvicorn service.main:site --host 0.0.0.0 --port $PORT',
  },
  {
    title: 'FastAPI made by a function, in src/',
    files: { 'src/api.py': 'import fastapi\ndef create_app():\n    return fastapi.FastAPI()\n' },
    installed: ['fastapi', 'uvicorn'],
    web: 'uvicorn api:create_app --app-dir src --factory --host 0.0.0.0 --port $PORT',
  },
  {
    title: 'FastAPI with Hypercorn',
    files: { 'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n' },
    installed: ['fastapi', 'hypercorn'],
    web: 'hypercorn main:app --bind 0.0.0.0:$PORT',
  },
  {
    title: 'FastHTML',
    files: { 'main.py': 'from fasthtml.common import *\napp, rt = fast_app()\n' },
    installed: ['fasthtml', 'uvicorn'],
    web: 'uvicorn main:app --host 0.0.0.0 --port $PORT',
  },
  {
    title: 'Streamlit',
    files: { 'app.py': 'print(1)\n', 'streamlit_app.py': 'import streamlit as st\nst.write(1)\n' },
    installed: ['streamlit'],
    web: 'streamlit run streamlit_app.py --server.address 0.0.0.0 --server.port $PORT --server.headless true',
  },
  {
    title: 'Flask',
    files: { 'hello.py': 'import flask\nsite = flask.Flask(__name__)\n' },
    installed: ['flask', 'gunicorn'],
    web: 'gunicorn hello:site',
  },
  {
    title: 'Flask without gunicorn',
    files: { 'app.py': 'from flask import Flask\napp = Flask(__name__)\n' },
    installed: ['flask'],
    web: 'flask --app app run --host 0.0.0.0 --port $PORT',
  },
  {
    title: 'a plain server',
    files: { 'helper.py': 'print(1)\n', 'main.py': 'import http.server\nif __name__ == "__main__":\n    print(1)\n' },
    installed: [],
    web: 'python main.py',
  },
  {
    title: 'nothing that runs',
    files: { 'app.py': 'def main():\n    pass\n', 'broken.py': 'def (\n' },
    installed: [],
    web: null,
  },
  {
    title: 'a name that a shell would take for more',
    files: { 'a;rm -rf.py': 'from flask import Flask\napp = Flask(__name__)\n' },
    installed: ['flask', 'gunicorn'],
    web: null,
  },
])('finds the web process of $title', async ({ files, installed, web }) => {
  const dir = await mkdtemp(join(tmpdir(), 'web-process-'));
  try {
    const site = join(dir, '.site');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    for (const name of ['', ...installed]) await mkdir(join(site, name), { recursive: true });
    const found = await run('/usr/bin/python3', ['-I', '-S', join(buildpackDir, 'lib/web_process.py'), dir, site]);
    const lines = found.toString().trimEnd().split('\n');
    expect(lines.at(-1)).toBe(web === null ? 'none' : `web\t${web}`);
    expect(lines.some((line) => line.startsWith('warning\t'))).toBe(isDevelopmentServer(web));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

/** Only these come with a warning. */
function isDevelopmentServer(web: string | null): boolean {
  return web !== null && (web.includes('runserver') || web.startsWith('flask'));
}

it('names the web process in bin/release, and says that Heroku would not', async () => {
  await using build = await PythonBuild.start();
  await build.source({ 'requirements.txt': '', 'server.py': 'print("up")\n' });
  const result = await build.compile();
  expect(parse(result.release)).toEqual({ default_process_types: { web: 'python server.py' } });
  expect(result.output).toMatch(/^-----> No Procfile was found: the web process will be 'python server\.py' .*Heroku/m);

  await build.source({ 'requirements.txt': '', 'server.py': 'print("up")\n', Procfile: 'worker: python server.py\n' });
  expect(parse((await build.compile()).release)).toBeNull();
});

it('reports facts as flat JSON', async () => {
  await using build = await PythonBuild.start();
  await build.source('python-stdlib');
  const { report } = await build.compile();
  expect(report).toMatchObject({ package_manager: 'pip', python_source: 'machine', python_version_origin: 'default' });
  for (const value of Object.values(report)) expect(['string', 'number', 'boolean']).toContain(typeof value);
  expect(typeof report['total_ms']).toBe('number');
});

it('is clean for shellcheck', async () => {
  const files = (
    await spawn('bash', ['-c', 'ls bin/* lib/*.sh profile.d/*.sh'], {
      cwd: buildpackDir,
      env: { PATH: '/bin:/usr/bin' },
    })
  ).stdout;
  const check = await spawn('shellcheck', ['-x', ...files.toString().trim().split('\n')], {
    cwd: buildpackDir,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  }).catch(() => null);
  if (check === null) process.stderr.write('skipped: shellcheck is not installed\n');
  expect(check?.stdout.toString() ?? '').toBe('');
});
