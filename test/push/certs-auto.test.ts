/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPebble'] }] */
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AcmeAuthorityRig, freePort, installPebble } from '../rig/acme-authority.ts';
import { makeCertificate } from '../rig/certificate.ts';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';

const pebble = await installPebble();
const cliInstallation = await installHerokuCli();
for (const one of [pebble, cliInstallation]) {
  if (one.status === 'missing') process.stderr.write(`skipped: ${one.reason}\n`);
}
const itWithPebble = pebble.status === 'installed' ? it : it.skip;

/** Renewed with a third of it left. */
const validitySeconds = 24;
let authority: AcmeAuthorityRig;
let rig: PlatformRig;
let root: string;
/** Called when the authority asks for the address of a host, which is the beginning of its proof. */
let onLookUp: (hostname: string) => void = () => undefined;

beforeAll(async () => {
  if (pebble.status === 'missing') return;
  const httpPort = await freePort();
  authority = await AcmeAuthorityRig.start(`${pebble.dir}/pebble`, {
    httpPort,
    validitySeconds,
    isKnown: (hostname) => {
      onLookUp(hostname);
      return !hostname.startsWith('missing.');
    },
  });
  root = await authority.root();
  rig = await PlatformRig.start({
    settings: {
      HOKKU_PORT: String(httpPort),
      HOKKU_ACME_EMAIL: 'operator@example.com',
      HOKKU_ACME_DIRECTORY: authority.directory,
      HOKKU_ACME_CA: authority.caPath,
    },
  });
});

afterAll(async () => {
  if (pebble.status === 'missing') return;
  await rig[Symbol.asyncDispose]();
  await authority[Symbol.asyncDispose]();
});

/** What a TLS client that trusts this authority alone is shown; null: something that it does not trust. */
function shownAt(host: string, ca = root): Promise<PeerCertificate | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: rig.port, servername: host, ca });
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(null);
    });
  });
}

interface DomainAnswer {
  readonly hostname: string;
  readonly kind: string;
  readonly acm_status: string | null;
  readonly acm_status_reason: string | null;
}

async function domainsOf(app: string): Promise<Readonly<Record<string, DomainAnswer>>> {
  const all = (await rig.api('GET', `/apps/${app}/domains`)).json as DomainAnswer[];
  return Object.fromEntries(all.map((domain) => [domain.hostname, domain]));
}

async function statusOf(app: string, hostname: string): Promise<string | null> {
  return (await domainsOf(app))[hostname]?.acm_status ?? null;
}

async function addDomain(app: string, hostname: string, endpoint: string | null = null): Promise<void> {
  const { status } = await rig.api('POST', `/apps/${app}/domains`, { hostname, sni_endpoint: endpoint });
  expect(status).toBe(201);
}

itWithPebble(
  'gets a certificate for each domain that has none of its own, also in maintenance mode, and says why not',
  async () => {
    await rig.createApp('site');
    await rig.api('PATCH', '/apps/site', { maintenance: true });
    const own = await makeCertificate(['own.example.test']);
    const request = { certificate_chain: own.cert, private_key: own.key };
    const { name } = (await rig.api('POST', '/apps/site/sni-endpoints', request)).json as { name: string };
    await addDomain('site', 'own.example.test', name);
    await addDomain('site', 'www.example.test');
    await addDomain('site', '*.example.test');
    expect((await rig.api('PATCH', '/apps/site/acm', { acm_refresh: true })).status).toBe(422);

    expect((await rig.api('POST', '/apps/site/acm', {})).json).toMatchObject({ name: 'site', acm: true });
    await addDomain('site', 'missing.example.test');

    await eventually('www', async () => (await statusOf('site', 'www.example.test')) === 'cert issued');
    await eventually('missing', async () => (await statusOf('site', 'missing.example.test')) === 'failing');
    expect(await domainsOf('site')).toMatchObject({
      'missing.example.test': { acm_status_reason: expect.stringContaining('missing.example.test') },
      '*.example.test': { acm_status: 'failed', acm_status_reason: expect.stringContaining('heroku certs:add') },
      'own.example.test': { acm_status: null, acm_status_reason: null },
    });
    expect(await shownAt('www.example.test')).toMatchObject({ subjectaltname: 'DNS:www.example.test' });
    expect(await shownAt('own.example.test')).toBeNull();
    expect(await shownAt('own.example.test', own.cert)).not.toBeNull();
    // Nothing but what was asked for is answered in the app's place.
    const other = await rig.request('www.example.test', '/.well-known/acme-challenge/other');
    expect(other.status).toBe(503);
  },
  60_000,
);

itWithPebble(
  'goes on after kill -9 in the middle of an order, with the same key and account',
  async () => {
    await rig.createApp('killed');
    await addDomain('killed', 'killed.example.test');
    const asked = new Promise<void>((resolve) => {
      onLookUp = (hostname) => {
        if (hostname === 'killed.example.test') resolve();
      };
    });
    await rig.api('POST', '/apps/killed/acm', {});
    await asked;
    await rig.killServer();
    expect(await shownAt('killed.example.test')).toBeNull();

    await rig.startServer();

    await eventually('it', async () => (await statusOf('killed', 'killed.example.test')) === 'cert issued');
    expect(await shownAt('killed.example.test')).toMatchObject({ subjectaltname: 'DNS:killed.example.test' });
  },
  60_000,
);

itWithPebble(
  'renews before the end, tries again when asked, and takes back what it got when it is turned off or a domain goes',
  async () => {
    const first = await shownAt('killed.example.test');
    const renewed = await eventually(
      'the renewal',
      async () => {
        const shown = await shownAt('killed.example.test');
        return shown !== null && shown.serialNumber !== first?.serialNumber && shown;
      },
      validitySeconds * 1000,
    );
    expect(Date.parse(renewed.valid_from)).toBeLessThan(Date.parse(first?.valid_to ?? ''));
    const endpoints = async (app: string): Promise<readonly unknown[]> => {
      const all = (await rig.api('GET', `/apps/${app}/sni-endpoints`)).json as { ssl_cert: { acm: boolean } }[];
      return all.map(({ ssl_cert: { acm } }) => acm);
    };
    expect(await endpoints('killed')).toEqual([true]);
    const [{ id } = { id: '' }] = (await rig.api('GET', '/apps/killed/sni-endpoints')).json as { id: string }[];
    expect((await rig.api('DELETE', `/apps/killed/sni-endpoints/${id}`)).status).toBe(422);

    const again = new Promise<void>((resolve) => {
      onLookUp = (hostname) => {
        if (hostname === 'missing.example.test') resolve();
      };
    });
    expect((await rig.api('PATCH', '/apps/site/acm', { acm_refresh: true })).status).toBe(200);
    await again;

    await rig.api('DELETE', '/apps/killed/domains/killed.example.test');
    expect(await endpoints('killed')).toEqual([]);
    expect((await rig.api('DELETE', '/apps/site/acm')).json).toMatchObject({ acm: false });
    expect(await endpoints('site')).toEqual([false]);
    expect(await shownAt('www.example.test')).toBeNull();
    expect(await statusOf('site', 'www.example.test')).toBeNull();
  },
  90_000,
);

itWithPebble(
  'does all of it by the unmodified CLI',
  async () => {
    if (cliInstallation.status === 'missing') return;
    await using cli = await HerokuCli.open(cliInstallation, rig);
    const heroku = async (command: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await cli.run([...command.split(' '), '--app', 'by-hand'], cli.home);
      return `${exitCode} ${stdout} ${stderr}`.replaceAll(/\s+/g, ' ');
    };
    await rig.createApp('by-hand');
    await addDomain('by-hand', 'hand.example.test');
    expect(await heroku('certs:auto:enable')).toMatch(/^0 [^]*Your certificate will now be managed/);
    await eventually('it', async () => (await statusOf('by-hand', 'hand.example.test')) === 'cert issued');
    expect(await heroku('certs:auto --wait')).toMatch(
      /enabled on[^]*hand\.example\.test[^]*hand\.example\.test Cert issued/,
    );
    expect(await heroku('certs:auto:refresh')).toMatch(/^0 [^]*Refreshing Automatic Certificate Management\.\.\. done/);
    expect(await heroku('certs:auto:disable --confirm by-hand')).toMatch(/^0 [^]*done/);
    expect(await heroku('certs:auto')).toMatch(/disabled on/);
  },
  60_000,
);
