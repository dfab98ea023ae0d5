import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { loadConfig, sandboxOptions } from '../../../src/config/index.ts';
import { coversOf } from '../../../src/supervisor/cover.ts';

let etc = '';
beforeEach(async () => {
  etc = await realpath(await mkdtemp(join(tmpdir(), 'hokku-etc-')));
});
afterEach(async () => {
  await rm(etc, { recursive: true });
});

async function put(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(etc, path, '..'), { recursive: true });
    await writeFile(join(etc, path), 'x');
  }
}

/** What the settings of an operator hide of this `/etc`, by the path in it. */
function hidden(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const settings = Object.fromEntries(Object.entries(env).map(([name, path]) => [name, join(etc, path)]));
  const config = loadConfig({ HOKKU_DATA_DIR: '/nowhere/data', ...settings }, { isRoot: false, cwd: '/' });
  return Object.fromEntries(
    coversOf(sandboxOptions(config, null), [etc]).map(({ kind, target }) => [
      target.slice(etc.length + 1),
      kind === 'tmpfs' ? 'folder' : 'file',
    ]),
  );
}

it('hides the folder of a key and of its renewals, wherever the setting’s links lead', async () => {
  await put('live/README', 'archive/site/privkey1.pem', 'archive/site/cert1.pem', 'archive/site/privkey2.pem');
  await symlink('../archive/site/privkey1.pem', join(etc, 'live/privkey.pem'));
  await symlink('../archive/site/cert1.pem', join(etc, 'live/cert.pem'));

  expect(hidden({ HOKKU_TLS_CERT: 'live/cert.pem', HOKKU_TLS_KEY: 'live/privkey.pem' })).toEqual({
    'archive/site': 'folder',
  });
});

it('hides no more than the files in a folder that commands need', async () => {
  await put(
    'ssl/certs/site.pem',
    'ssl/certs/ca-certificates.crt',
    'ssl/private/site.key',
    'ssl/private/company-ca.pem',
  );
  await put('app/site.key', 'app/config.json');

  const tls = { HOKKU_TLS_CERT: 'ssl/certs/site.pem', HOKKU_TLS_KEY: 'ssl/private/site.key' };
  expect(hidden(tls)).toEqual({ 'ssl/certs/site.pem': 'file', 'ssl/private': 'folder' });
  // What a build is told to read stays there.
  expect(hidden({ ...tls, SSL_CERT_FILE: 'ssl/private/company-ca.pem', PIP_CERT: 'ssl/certs/site.pem' })).toEqual({
    'ssl/private/site.key': 'file',
  });
  expect(hidden({ HOKKU_TLS_CERT: 'ssl/certs/site.pem', HOKKU_TLS_KEY: 'app/site.key' })).toMatchObject({
    'app/site.key': 'file',
  });
  expect(hidden({ HOKKU_TLS_CERT: 'none.pem', HOKKU_TLS_KEY: 'none.key' })).toEqual({});
  expect(hidden({ HOKKU_DATA_DIR: 'app' })).toEqual({ app: 'folder' });
});
