import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { originalTrust, writeCaBundle } from '../../../src/cli/platforms/ca-bundle.ts';
import { gitVariables, gitVariablesWithoutOurs } from '../../../src/cli/platforms/git-settings.ts';
import { guardDir, herokuVariables, isAcceptedByHerokuCli } from '../../../src/cli/platforms/heroku-variables.ts';
import { parsePlatformUrl } from '../../../src/cli/platforms/platform-url.ts';
import { shellForms } from '../../../src/cli/platforms/shell-form.ts';

const target = (url: string) => ({ url: parsePlatformUrl(url), token: 'HRKU-secret-1', ca: null, dataDir: null });

it.each([
  ['paas.example.com', 'https://paas.example.com', 443],
  ['https://PaaS.Example.com/', 'https://paas.example.com', 443],
  ['https://paas.example.com:8443', 'https://paas.example.com:8443', 8443],
  ['https://10.0.0.7:5000', 'https://10.0.0.7:5000', 5000],
  ['https://[2001:db8::1]:5000', 'https://[2001:db8::1]:5000', 5000],
  ['http://localhost:5000', 'http://localhost:5000', 5000],
  ['http://[::1]:5000', 'http://[::1]:5000', 5000],
  ['https://bücher.example', 'https://xn--bcher-kva.example', 443],
])('takes %s for %s', (text, origin, port) => {
  expect(parsePlatformUrl(text)).toMatchObject({ origin, port });
});

it.each([
  '',
  'https://',
  'ftp://paas.example.com',
  'javascript:alert(1)',
  'https://user:hunter2@paas.example.com',
  'https://paas.example.com/apps',
  'https://paas.example.com?x=1',
  'https://paas.example.com#x',
  'https://$(touch pwned).example.com',
  "https://a';touch pwned;'.example.com",
  'https://`id`.example.com',
  'https://a.example.com;id',
  'https://a.example.com\nexport X=1',
  'https://-x.example.com',
  'https://paas.example.com:99999',
  `https://${'a'.repeat(400)}.example.com`,
])('refuses %j as the address of a platform', (text) => {
  expect(() => parsePlatformUrl(text)).toThrow('Give the scheme, the host');
  expect(() => parsePlatformUrl(text)).not.toThrow('hunter2');
});

it.each(['http://paas.example.com', 'http://10.0.0.7:5000', 'http://localhost.example.com'])(
  'refuses %s, which would carry the token in the clear',
  (text) => {
    expect(() => parsePlatformUrl(text)).toThrow('in the clear');
  },
);

it('never gives the official CLI a host after which it would go on with Heroku, nor any other host', () => {
  for (const url of [
    'https://paas.example.com',
    'https://paas.example.com:8443',
    'https://10.0.0.7:5000',
    'https://[2001:db8::1]:5000',
    'https://heroku.example.com',
    'https://localhost:5000',
    'http://localhost:5000',
    'http://127.0.0.1:5000',
    'http://[::1]:5000',
  ]) {
    const variables = herokuVariables(target(url), '/ca.pem', {});
    const { hostname, port } = parsePlatformUrl(url);
    const host = variables['HEROKU_HOST'] ?? '';
    expect({ host, accepted: isAcceptedByHerokuCli(host) }).toEqual({ host, accepted: true });
    expect(new URL(host)).toMatchObject({ hostname });
    // To any name but these two the CLI adds no token by itself.
    const isAdded = ['localhost', '127.0.0.1'].includes(new URL(host).hostname);
    expect(JSON.parse(variables['HEROKU_HEADERS'] ?? '')).toEqual(
      isAdded ? {} : { authorization: 'Bearer HRKU-secret-1' },
    );
    const places = Object.entries(variables).filter(
      ([name]) => /(_URL|_HOST)$/.test(name) && name !== 'HEROKU_GIT_HOST',
    );
    expect(places.map(([name, value]) => [name, value.includes('//') ? new URL(value).hostname : value])).toEqual(
      places.map(([name]) => [name, hostname]),
    );
    const urls = places.filter(([, value]) => value.includes('//'));
    expect(urls.map(([, value]) => Number(new URL(value).port || 443))).toEqual(urls.map(() => port));
    expect(variables).toMatchObject({
      DISABLE_TELEMETRY: 'true',
      HEROKU_NETRC_WRITE: 'true',
      HEROKU_DISABLE_AUTOUPDATE: 'true',
      HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
    });
  }
  expect(isAcceptedByHerokuCli('https://paas.example.com')).toBe(false);
});

it('prints exports that a shell reads back as they were, whatever they hold', () => {
  const hostile = `a'b"c$(touch pwned)\`id\`\\ \n;&|>x 'quoted' ’’`;
  const script = `${shellForms['sh']?.set('HOSTILE', hostile) ?? ''}\nprintf %s "$HOSTILE"`;
  const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: hostile, status: 0 });
  expect(shellForms['fish']?.set('A', `it's \\ $x (id)`)).toBe(`set -gx A 'it\\'s \\\\ $x (id)';`);
  expect(shellForms['powershell']?.set('A', `it's ’ $x`)).toBe(`$env:A = 'it''s ’’ $x'`);
});

it("gives git this platform's token for this platform alone, and keeps what the shell gave it before", () => {
  const foreign = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: 'Ada' };
  const settings = (host: string) => ({
    gitOrigin: `https://${host}`,
    tokenOrigin: `https://${host}`,
    bundle: '/ca.pem',
  });
  const first = { ...foreign, ...gitVariables(foreign, settings('one.example')) };
  const second: Record<string, string> = { ...first, ...gitVariables(first, settings('two.example:8443')) };

  expect(Number(second['GIT_CONFIG_COUNT'])).toBe(4);
  expect(second['GIT_CONFIG_VALUE_0']).toBe('Ada');
  expect(gitVariablesWithoutOurs(second)).toEqual(foreign);

  const fill = (host: string, origin: string): string =>
    spawnSync('git', ['credential', 'fill'], {
      input: `protocol=https\nhost=${host}\n\n`,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_ASKPASS: '/bin/false',
        ...second,
        HEROKU_API_KEY: 'HRKU-secret-1',
        HOKKU_TOKEN_ORIGIN: origin,
      },
    }).stdout;
  expect(fill('two.example:8443', 'https://two.example:8443')).toContain('password=HRKU-secret-1\n');
  expect(fill('one.example', 'https://two.example:8443')).not.toContain('HRKU');
  expect(fill('two.example:8443', 'https://three.example')).not.toContain('HRKU');
});

it("does not hand the token to git's other helpers, such as a keychain", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-git-'));
  try {
    await writeFile(join(dir, '.gitconfig'), `[credential]\n\thelper = "!f() { cat >> ${dir}/keychain; }; f"\n`);
    const approve = (variables: Readonly<Record<string, string>>): Promise<string> => {
      spawnSync('git', ['credential', 'approve'], {
        input: 'protocol=https\nhost=one.example\nusername=hokku\npassword=HRKU-secret-1\n\n',
        env: { PATH: process.env['PATH'], HOME: dir, GIT_CONFIG_NOSYSTEM: '1', ...variables },
      });
      return readFile(join(dir, 'keychain'), 'utf8').catch(() => '');
    };
    const origin = 'https://one.example';
    expect(await approve(gitVariables({}, { gitOrigin: origin, tokenOrigin: origin, bundle: null }))).toBe('');
    // It would have.
    expect(await approve({})).toContain('HRKU-secret-1');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

it("adds a platform's CA to what the shell trusts, leaves an earlier platform's out, and knows what to put back", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-ca-'));
  try {
    const [company, one, two] = [join(dir, 'company.pem'), join(dir, 'one.pem'), join(dir, 'two.pem')];
    await writeFile(company, 'COMPANY\n');
    expect(await writeCaBundle(one, null, { NODE_EXTRA_CA_CERTS: company })).toBeNull();
    expect(await writeCaBundle(one, 'ONE\n', { NODE_EXTRA_CA_CERTS: company })).toBe(one);
    expect(await writeCaBundle(two, 'TWO\n', { NODE_EXTRA_CA_CERTS: one })).toBe(two);
    const bundle = await readFile(two, 'utf8');
    expect(bundle).toMatch(/COMPANY\n.*\nTWO\n$/);
    expect(bundle).not.toContain('ONE');
    expect(await originalTrust({ NODE_EXTRA_CA_CERTS: two })).toEqual({ NODE_EXTRA_CA_CERTS: company });
    // A platform with a public certificate: an earlier private CA must not vouch for it.
    expect(await writeCaBundle(one, null, { NODE_EXTRA_CA_CERTS: two })).toBe(one);
    expect(await readFile(one, 'utf8')).not.toContain('TWO');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

it('keeps the way to a platform of this machine off the proxy, and puts the guard on PATH once', () => {
  const env = { HTTPS_PROXY: 'http://proxy:8080', NO_PROXY: 'corp.example', PATH: `${guardDir}:/usr/bin` };
  const variables = herokuVariables(target('http://localhost:5000'), null, env);
  expect(variables).toMatchObject({
    NO_PROXY: 'corp.example,localhost,127.0.0.1,::1',
    PATH: `${guardDir}:/usr/bin`,
  });
  expect(herokuVariables(target('https://paas.example.com'), null, env)).not.toHaveProperty('NO_PROXY');
});
