import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const apps = join(import.meta.dirname, '../../fixtures/apps');

export interface PythonFailure {
  readonly why: string;
  /** The fixture it's made from. */
  readonly app: string;
  readonly change: (files: Record<string, string>) => Record<string, string>;
  readonly env?: Readonly<Record<string, string>>;
  /** Of bin/report. */
  readonly reason: string;
  /** What the message to the pusher holds. */
  readonly says: RegExp;
}

const names: Readonly<Record<string, readonly string[]>> = {
  'python-pipenv': ['Pipfile', 'Pipfile.lock', 'web.py'],
  'python-poetry': ['pyproject.toml', 'poetry.lock', 'web.py'],
  'python-uv': ['pyproject.toml', 'uv.lock', 'web.py'],
  'python-pdm': ['pyproject.toml', 'pdm.lock', 'web.py', 'src/site_name/__init__.py'],
};

export async function filesOfApp(app: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of names[app] ?? []) files[name] = await readFile(join(apps, app, name), 'utf8');
  return files;
}

/** `files` with `pattern` replaced in one of them. Fails when it isn't there: then the failure wouldn't be one. */
function edited(files: Record<string, string>, name: string, pattern: string | RegExp, text: string) {
  const before = files[name] ?? '';
  const after = before.replaceAll(pattern, text);
  if (after === before) throw new Error(`${name} has no ${String(pattern)}`);
  return { ...files, [name]: after };
}

const lockFiles = [
  ['python-poetry', 'poetry.lock', 'pyproject.toml'],
  ['python-uv', 'uv.lock', 'pyproject.toml'],
  ['python-pdm', 'pdm.lock', 'pyproject.toml'],
] as const;

const ofEveryLock = [...lockFiles, ['python-pipenv', 'Pipfile.lock', 'Pipfile'] as const].flatMap(
  ([app, lock, from]): PythonFailure[] => [
    {
      why: `${lock} that lags behind`,
      app,
      change: (files) => edited(files, from, '==1.17.0', '==1.16.0'),
      reason: 'install-dependencies::outdated-lock-file',
      says: new RegExp(`${lock} doesn't fit ${from}\\..*git add ${from} ${lock}`, 's'),
    },
    {
      why: `${lock} with a wrong hash`,
      app,
      change: (files) => edited(files, lock, /((?:six-1\.17\.0.*|^\s*")sha256:)[0-9a-f]{8}/gm, '$100000000'),
      // PDM says the same of a file that isn't there.
      reason: `install-dependencies::${app === 'python-pdm' ? 'no-candidate' : 'hashes'}`,
      says: app === 'python-pdm' ? /or has another\n.*hash/ : new RegExp(`isn't the one whose hash ${lock} states`),
    },
    {
      why: `a ${lock} and an index that is not there`,
      app,
      change: (files) => files,
      env: { PIP_INDEX_URL: 'http://me:hush-hush-42@127.0.0.1:9/simple' },
      reason: 'install-dependencies::no-network',
      says: /The package index can't be reached/,
    },
  ],
);

/** Apps with a lock file that nobody can build, and what is said about each. */
export const pythonFailures: readonly PythonFailure[] = [
  ...ofEveryLock,
  ...lockFiles.map(([app, lock]): PythonFailure => ({
    why: `${lock} with the marks of a merge`,
    app,
    change: (files) => ({ ...files, [lock]: `<<<<<<< HEAD\n${files[lock] ?? ''}` }),
    reason: 'install-dependencies::unreadable-lock-file',
    says: /marks of a merge conflict/,
  })),
  {
    why: 'a version of Python that Poetry takes literally',
    app: 'python-poetry',
    change: (files) => ({
      'web.py': '',
      'pyproject.toml': '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "3.11"\n',
      'poetry.lock': files['poetry.lock'] ?? '',
    }),
    reason: 'install-dependencies::other-python',
    says: /write "~3\.12" or ">=3\.12"/,
  },
  {
    why: 'a version of uv that the project refuses',
    app: 'python-uv',
    change: (files) =>
      edited(files, 'pyproject.toml', '[tool.ruff]', '[tool.uv]\nrequired-version = "<0.2"\n[tool.ruff]'),
    reason: 'install-package-manager::other-version',
    says: /heroku config:set UV_VERSION=/,
  },
  {
    why: 'a version of uv that never was',
    app: 'python-uv',
    change: (files) =>
      edited(files, 'pyproject.toml', '[tool.ruff]', '[tool.uv]\nrequired-version = "==0.2.9999"\n[tool.ruff]'),
    reason: 'install-package-manager::no-such-version',
    says: /Pyproject\.toml asks for this version/,
  },
  {
    why: 'requirements of uv that no version meets',
    app: 'python-uv',
    change: (files) => {
      const { 'uv.lock': _, ...rest } = edited(
        files,
        'pyproject.toml',
        '[tool.ruff]',
        '[tool.uv.sources]\n[tool.ruff]',
      );
      return edited(rest, 'pyproject.toml', 'six==1.17.0', 'six==99');
    },
    reason: 'install-dependencies::conflict',
    says: /six==99/,
  },
];
