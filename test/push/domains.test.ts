import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makeCertificate } from '../rig/certificate.ts';
import { PlatformRig, type RigApp } from '../rig/platform-rig.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2' } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

const answerName = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (os.environ["WHO"] + " at " + self.headers["Host"].split(":")[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** An app that says who it is, and at which host it was asked. */
async function deploy(name: string): Promise<RigApp> {
  const app = await rig.createApp(name);
  await app.useFixture('python-stdlib');
  await app.write({ 'server.py': answerName });
  await app.commit();
  await rig.api('PATCH', `/apps/${name}/config-vars`, { WHO: name });
  const push = await app.push();
  if (push.exitCode !== 0) throw new Error(push.output);
  return app;
}

const at = async (host: string): Promise<string> => {
  const { status, body } = await rig.request(host);
  return status === 200 ? body : String(status);
};

/** What a TLS client of this host is answered, and whose certificate it is shown. */
function overTls(host: string): Promise<{ readonly body: string; readonly subject: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: rig.port,
        servername: host,
        headers: { host },
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        const subject = response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().subject.CN : 'none';
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.once('end', () => {
          resolve({ body, subject: String(subject) });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function addDomain(app: string, hostname: string, endpoint: string | null = null): Promise<string> {
  const answer = await rig.api('POST', `/apps/${app}/domains`, { hostname, sni_endpoint: endpoint });
  const { id, message } = answer.json as { id: string; message?: string };
  return answer.status === 201 ? 'added' : `${id}: ${message ?? ''}`;
}

async function addCertificate(app: string, ...names: [string, ...string[]]): Promise<string> {
  const { cert, key } = await makeCertificate(names);
  const body = { certificate_chain: cert, private_key: key };
  const { status, json } = await rig.api('POST', `/apps/${app}/sni-endpoints`, body);
  expect(status).toBe(201);
  expect(JSON.stringify(json)).not.toContain('PRIVATE');
  return (json as { name: string }).name;
}

it('routes custom domains and shows their certificates at once, exact names before wildcards, also after kill -9', async () => {
  await deploy('shop');
  await deploy('blog');
  expect(await at('www.example.com')).toBe('404');
  const certificate = await addCertificate('shop', '*.example.com');

  expect(await addDomain('shop', '*.example.com', certificate)).toBe('added');
  expect(await at('www.example.com')).toBe('shop at www.example.com');
  expect(await addDomain('blog', 'Www.Example.COM')).toBe('added');
  expect(await addDomain('blog', 'bücher.example')).toBe('added');
  const routes = async (): Promise<readonly unknown[]> => [
    await at('www.example.com'),
    await at('WWW.EXAMPLE.COM.'),
    await at('deep.shop.example.com'),
    await at('xn--bcher-kva.example'),
    await at('example.com'),
    await overTls('cart.example.com'),
    await overTls('www.example.com'),
    await overTls('shop.localhost'),
  ];
  const expected = [
    'blog at www.example.com',
    'blog at WWW.EXAMPLE.COM.',
    'shop at deep.shop.example.com',
    'blog at xn--bcher-kva.example',
    '404',
    { body: 'shop at cart.example.com', subject: '*.example.com' },
    { body: 'blog at www.example.com', subject: 'Hokku' },
    { body: 'shop at shop.localhost', subject: 'Hokku' },
  ];
  expect(await routes()).toEqual(expected);
  await rig.killServer();
  await rig.startServer();
  expect(await routes()).toEqual(expected);
  // A new router, which has to be told everything.
  await rig.interruptServer();
  await rig.startServer();
  expect(await routes()).toEqual(expected);

  const own = await addCertificate('blog', 'www.example.com');
  await rig.api('PATCH', '/apps/blog/domains/www.example.com', { sni_endpoint: own });
  expect(await overTls('www.example.com')).toMatchObject({ subject: 'www.example.com' });
  const { cert, key } = await makeCertificate(['renewed.example.com']);
  await rig.api('PATCH', `/apps/blog/sni-endpoints/${own}`, { certificate_chain: cert, private_key: key });
  expect(await overTls('www.example.com')).toMatchObject({ subject: 'renewed.example.com' });
  await rig.api('DELETE', `/apps/blog/sni-endpoints/${own}`);
  expect(await overTls('www.example.com')).toMatchObject({ subject: 'Hokku' });
  await rig.api('DELETE', '/apps/blog/domains/www.example.com');
  expect(await at('www.example.com')).toBe('shop at www.example.com');
  await rig.api('DELETE', '/apps/shop');
  expect(await at('www.example.com')).toBe('404');
  expect(await addDomain('blog', 'cart.example.com')).toBe('added');
  await expectNoKeyOnDisk();
});

/** Neither the database nor a log has a private key that can be read. */
async function expectNoKeyOnDisk(): Promise<void> {
  const logs = await readdir(join(rig.dataDir, 'logs'), { recursive: true });
  const kept = [...(await readdir(rig.dataDir)), ...logs.map((name) => join('logs', name))].filter((name) =>
    /\.sqlite(-wal)?$|\.log$/.test(name),
  );
  expect(kept.length).toBeGreaterThan(2);
  for (const name of kept) {
    const text = await readFile(join(rig.dataDir, name), 'latin1');
    expect([name, text.includes('PRIVATE KEY')]).toEqual([name, false]);
  }
  expect(rig.platformLog).not.toContain('PRIVATE KEY');
}

it("refuses domains and certificates that are not the app's to have, and says why", async () => {
  await Promise.all(['mine', 'theirs'].map((name) => rig.createApp(name)));
  const made = await rig.api('POST', '/accounts', { email: 'eve@example.com' });
  const { access_token: eve } = made.json as { access_token: { token: string } };
  const asEve = { authorization: `Bearer ${eve.token}` };
  await rig.api('POST', '/apps', { name: 'eves' }, asEve);
  await addDomain('mine', 'mine.test');
  await addDomain('mine', 'a.wide.test');
  await addDomain('mine', '*.taken.test');
  const byEve = async (hostname: string): Promise<string> => {
    const { json } = await rig.api('POST', '/apps/eves/domains', { hostname, sni_endpoint: null }, asEve);
    return (json as { message: string }).message;
  };
  for (const hostname of [
    'mine.test',
    'MINE.test.',
    '*.wide.test',
    'www.taken.test',
    'x.y.taken.test',
    '*.x.taken.test',
  ])
    expect(await byEve(hostname)).toMatch(/^\S+ is currently in use by another app\.$/);
  expect(await addDomain('theirs', 'mine.test')).toBe('invalid_params: mine.test is currently in use by another app.');
  expect(await addDomain('mine', 'mine.test')).toBe('invalid_params: mine.test is already added to this app.');
  expect(await addDomain('theirs', 'www.taken.test')).toBe('added');
  for (const hostname of ['api.localhost', 'theirs.localhost', 'mine.localhost', '*.localhost'])
    expect(await addDomain('mine', hostname)).toMatch(/^invalid_params: /);
  expect((await rig.api('DELETE', '/apps/mine/domains/mine.localhost')).status).toBe(422);

  const foreign = await addCertificate('theirs', 'mine.test');
  expect(await addDomain('mine', 'b.test', foreign)).toMatch(/^not_found: Couldn't find that SNI endpoint/);
  const patched = await rig.api('PATCH', '/apps/mine/domains/mine.test', { sni_endpoint: foreign });
  expect(patched.status).toBe(404);
  const strangers = await rig.api('GET', `/apps/theirs/sni-endpoints/${foreign}`, undefined, asEve);
  expect(strangers.json).toMatchObject({ id: 'not_found', resource: 'app' });
  const [one, other] = [await makeCertificate(['a.test']), await makeCertificate(['b.test'])];
  const send = async (chain: unknown, key: unknown): Promise<string> => {
    const body = { certificate_chain: chain, private_key: key };
    const { status, json } = await rig.api('POST', '/apps/mine/sni-endpoints', body);
    return `${status} ${(json as { message: string } | null)?.message ?? ''}`;
  };
  expect(await send(one.cert, other.key)).toMatch(/^422 .*does not belong to the certificate \(CN=a\.test\)/);
  expect(await send('x'.repeat(10_000_000), one.key)).toMatch(/^413 /);
  expect(await send('x'.repeat(500_000), one.key)).toMatch(/^422 .*larger than 32 KiB/);
  expect(await send(one.cert, 7)).toMatch(/^422 .*private_key/);
  const old = await makeCertificate(['old.test'], { notAfter: new Date(Date.now() - 1000) });
  expect(await send(old.cert, old.key)).toMatch(/^422 .*expired on/);
  expect((await rig.api('GET', '/apps/mine/sni-endpoints')).json).toEqual([]);
});
