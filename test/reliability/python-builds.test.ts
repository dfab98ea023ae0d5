/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itOnline', 'itOnline.each'] }] */
import { afterAll, expect, it } from '@jest/globals';
import { BuildpackRun } from '../rig/buildpack-run.ts';
import { PackageIndex } from '../rig/package-index.ts';
import { watchProcesses } from '../rig/process-secrets.ts';
import { filesOfApp, pythonFailures } from '../rig/python-failures.ts';

const index = process.env['PIP_INDEX_URL'] ?? 'https://pypi.org/simple';
const isReachable = await fetch(`${index}/six/`, { signal: AbortSignal.timeout(5000) }).then(
  ({ ok }) => ok,
  () => false,
);
if (!isReachable) process.stderr.write(`skipped: builds with packages of ${index}, which can't be reached\n`);
const itOnline = isReachable ? it : it.skip;

/** What a machine tells builds about its network, and no interpreter but its own. */
const network = Object.fromEntries([
  ['PYTHON_BUILDPACK_SOURCES', 'machine'],
  ['PIP_INDEX_URL', index],
  ...['SSL_CERT_FILE', 'PIP_CERT', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']
    .map((name): [string, string | undefined] => [name, process.env[name]])
    .filter((entry): entry is [string, string] => entry[1] !== undefined),
]) as Record<string, string>;

itOnline.each([
  ['python-pipenv', 'Pipfile', 'Pipfile.lock'],
  ['python-poetry', 'pyproject.toml', 'poetry.lock'],
  ['python-uv', 'pyproject.toml', 'uv.lock'],
  ['python-pdm', 'pyproject.toml', 'pdm.lock'],
] as const)('builds %s cold, again without an installer, and anew after a change', async (app, from, lock) => {
  await using run = await BuildpackRun.start('python', network);
  await run.source(app);
  const cold = await run.compile();
  expect(cold.exitCode === 0 ? '' : cold.output).toBe('');
  expect(cold.report).toMatchObject({ cache_status: 'empty', package_manager: app.slice(7) });
  const says = 'six 1.17.0; tools for development are gone\n';
  expect(await run.runDyno('python web.py')).toEqual({ exitCode: 0, output: says });

  const files = await filesOfApp(app);
  await run.source({ ...files, 'more.py': '# code of the app\n' });
  const warm = await run.compile();
  expect(warm.report).toMatchObject({ cache_status: 'reused' });
  expect(warm.report).not.toHaveProperty('dependencies_install_ms');
  expect(Number(warm.report['total_ms'])).toBeLessThan(2000);
  expect((await run.runDyno('python web.py')).output).toBe(says);

  await run.source({ ...files, [from]: `${files[from] ?? ''}\n# a comment\n`, [lock]: `${files[lock] ?? ''}\n` });
  const changed = await run.compile();
  expect(changed.exitCode === 0 ? '' : changed.output).toBe('');
  expect(changed.report).toMatchObject({ cache_status: 'discarded' });
  expect(changed.output).not.toMatch(/-----> Installing (Pipenv|Poetry|uv|PDM)/);
  expect((await run.runDyno('python web.py')).output).toBe(says);
});

itOnline('leaves Pipenv in the slug, and a project of PDM in its place', async () => {
  await using pipenv = await BuildpackRun.start('python', network);
  await pipenv.source('python-pipenv');
  await pipenv.compile();
  expect((await pipenv.runDyno('pipenv run python web.py')).output).toContain('six 1.17.0');

  await using pdm = await BuildpackRun.start('python', network);
  for (const cacheStatus of ['empty', 'reused']) {
    await pdm.source('python-pdm');
    expect((await pdm.compile()).report).toMatchObject({ cache_status: cacheStatus });
    const site = await pdm.runDyno('site-name && python -c "import site_name; print(site_name.__file__)"');
    expect(site.output).toMatch(/^a site, installed in place\n.*\/dyno-\d+\/src\/site_name\/__init__\.py\n$/);
  }
});

itOnline('installs what pip can of an environment.yml, and says what it leaves out', async () => {
  await using run = await BuildpackRun.start('python', network);
  await run.source('python-conda');
  const cold = await run.compile();
  expect(cold).toMatchObject({
    exitCode: 0,
    report: { package_manager: 'conda', python_version_origin: 'environment.yml' },
  });
  expect(cold.output).toMatch(/are left out:\n !\n !\s+libgcc-ng, openssl\n/);
  const ran = await run.runDyno('python web.py && python -c "import idna; print(idna.__version__)"');
  expect(ran.output).toBe('six 1.17.0; tools for development are gone\n3.10\n');
  await run.source('python-conda');
  const warm = await run.compile();
  expect(warm.report).toMatchObject({ cache_status: 'reused' });
  expect(warm.report).not.toHaveProperty('dependencies_install_ms');
});

itOnline('installs what uv.lock names from the index of the machine, where there is one', async () => {
  await using own = await PackageIndex.start({ user: 'me', password: 'hush-hush-42' });
  for (const [project, name] of [
    ['six', /^six-1\.17\.0-.*\.whl$/],
    ['uv', /^uv-0\.13\.9-py3-none-manylinux_2_17_x86_64.*\.whl$/],
  ] as const) {
    const page = await fetch(`${index}/${project}/`, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } });
    const { files } = (await page.json()) as { files: readonly { filename: string; url: string }[] };
    const found = files.find(({ filename }) => name.test(filename));
    if (found === undefined) throw new Error(`${index} has no ${String(name)}`);
    const wheel = await fetch(new URL(found.url, page.url));
    own.add(found.filename, new Uint8Array(await wheel.arrayBuffer()));
  }
  await using run = await BuildpackRun.start('python', { ...network, PIP_INDEX_URL: own.url });
  await run.source('python-uv');
  const { exitCode, output } = await run.compile();
  expect(exitCode === 0 ? '' : output).toBe('');
  expect(output).not.toContain('hush-hush-42');
  expect(own.requests.at(-1)).toMatch(/^\/files\/six\/six-1\.17\.0/);
  expect((await run.runDyno('python web.py')).output).toContain('six 1.17.0');
});

itOnline('installs the requirements of a project of Poetry without a lock file and a package', async () => {
  await using run = await BuildpackRun.start('python', network);
  const { 'poetry.lock': _, 'pyproject.toml': toml = '', ...files } = await filesOfApp('python-poetry');
  await run.source({ ...files, 'pyproject.toml': toml.replace('package-mode = false', '[tool.poetry.dependencies]') });
  const { exitCode, output } = await run.compile();
  expect(exitCode === 0 ? '' : output).toBe('');
  expect(output).toContain('package-mode = false');
  expect(output).toContain("Warning: There's no poetry.lock");
  expect((await run.runDyno('python web.py')).output).toContain('six 1.17.0');
});

const login = { user: 'me', password: 'hush-hush-42' };
const project = '[project]\nname = "site"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["greeter"]\n';

itOnline.each([
  {
    tool: 'Pipenv',
    files: (url: string) => ({
      Pipfile: `[[source]]\nname = "ours"\nurl = "${url.replace('://', '://${INDEX_USER}:${INDEX_PASSWORD}@')}"\nverify_ssl = true\n[packages]\ngreeter = "*"\n`,
    }),
    configVars: { INDEX_USER: login.user, INDEX_PASSWORD: login.password },
  },
  {
    tool: 'Poetry',
    files: (url: string) => ({
      'pyproject.toml': `${project}[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\ngreeter = { version = "*", source = "ours" }\n[[tool.poetry.source]]\nname = "ours"\nurl = "${url}"\npriority = "explicit"\n`,
    }),
    configVars: { POETRY_HTTP_BASIC_OURS_USERNAME: login.user, POETRY_HTTP_BASIC_OURS_PASSWORD: login.password },
  },
  {
    tool: 'uv',
    files: (url: string) => ({
      'pyproject.toml': `${project}[tool.uv.sources]\ngreeter = { index = "ours" }\n[[tool.uv.index]]\nname = "ours"\nurl = "${url}"\n`,
    }),
    configVars: { UV_INDEX_OURS_USERNAME: login.user, UV_INDEX_OURS_PASSWORD: login.password },
  },
  {
    tool: 'PDM',
    files: (url: string) => ({
      'pyproject.toml': `${project}[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = "pypi"\nurl = "${url.replace('://', '://${INDEX_USER}:${INDEX_PASSWORD}@')}"\n`,
    }),
    configVars: { INDEX_USER: login.user, INDEX_PASSWORD: login.password },
  },
])('installs from a private index with $tool, and shows its password nowhere', async ({ tool, files, configVars }) => {
  await using own = await PackageIndex.start(login);
  own.addWheel('greeter', '1.0', { 'greeter.py': 'TEXT = "greeter 1.0"\n' });
  await using run = await BuildpackRun.start('python', network);
  const source = { ...files(own.url.replace(/[^/]*@/, '')), 'web.py': '' };
  await run.source(source);

  const refused = await run.compile();
  expect({ ...refused.report, output: refused.output }).toMatchObject({
    failure_reason: `install-dependencies::${'INDEX_USER' in configVars ? 'missing-variable' : 'access'}`,
  });
  for (const [name, value] of Object.entries(configVars)) await run.setConfigVar(name, value);

  await run.source(source);
  const seen = watchProcesses(() => false);
  const { exitCode, output, report } = await run.compile();
  await seen[Symbol.asyncDispose]();
  expect(exitCode === 0 ? '' : output).toBe('');
  expect(output).toContain(`Warning: There's no ${lockFileOf(tool)}`);
  expect(output + JSON.stringify(report)).not.toContain(login.password);
  expect([...seen.commandLines].filter((line) => line.includes(login.password))).toEqual([]);
  const grep = await run.runDyno(`python -c "import greeter; print(greeter.TEXT)"; grep -r -l ${login.password} .`);
  expect(grep.output).toBe('greeter 1.0\n');
});

function lockFileOf(tool: string): string {
  return tool === 'Pipenv' ? 'Pipfile.lock' : `${tool.toLowerCase()}.lock`;
}

const failing = new Map<string, Promise<BuildpackRun>>();

itOnline.each(pythonFailures)('names $why', async ({ app, change, env, reason, says }) => {
  // One cache for all builds with a package manager, which is therefore installed once.
  const run = await (failing.get(app) ?? failing.set(app, BuildpackRun.start('python', network)).get(app));
  if (run === undefined) throw new Error('no run');
  await run.source(change(await filesOfApp(app)));
  const { exitCode, output, report } = await run.compile({ ...env });
  expect({ exitCode, reason: report['failure_reason'], output: '' }).toEqual({
    exitCode: 1,
    reason,
    output: report['failure_reason'] === reason ? '' : output,
  });
  const words = output.split('\n').filter((line) => line.startsWith(' !'));
  expect(words.join('\n')).toMatch(says);
  expect(output).not.toContain('hush-hush-42');
});

afterAll(async () => {
  for (const run of failing.values()) await (await run)[Symbol.asyncDispose]();
});
