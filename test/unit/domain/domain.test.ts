import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { describeCertificate, parseHostname, readCertificate } from '../../../src/domain/index.ts';
import { makeCertificate } from '../../rig/certificate.ts';

const domain = 'apps.example.org';

it.each([
  ['WWW.Example.COM', 'www.example.com'],
  ['example.com.', 'example.com'],
  ['*.example.com', '*.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.bücher.example', '*.xn--bcher-kva.example'],
  ['example.org', 'example.org'],
])('takes %s as the host name %s', (text, hostname) => {
  expect(parseHostname(text, domain)).toBe(hostname);
});

const noNames = [
  '',
  'example',
  '*',
  '*.com',
  '*.*.com',
  'www.*.example.com',
  'http://example.com',
  'example.com:443',
  'example.com/path',
  'exam%70le.com',
  'a..example.com',
  '-a.example.com',
  'a_b.example.com',
  '127.0.0.1',
  '0x7f.1',
  '1.2.3.4.5',
  '[::1]',
  `${'a'.repeat(64)}.com`,
  `${'a.'.repeat(130)}com`,
  'x'.repeat(100_000),
  'a.com\nb.com',
  'a.com\0',
];

it.each(noNames.map((text) => [text.slice(0, 40), text]))('refuses %j, which is no domain name', (_start, text) => {
  expect(() => parseHostname(text, domain)).toThrow(/is not a valid domain name\. It must be one such as/);
});

it.each(['apps.example.org', 'api.apps.example.org', 'Other.Apps.Example.Org', '*.apps.example.org', '*.example.org'])(
  'refuses %s, which is or covers a name of the platform',
  (text) => {
    expect(() => parseHostname(text, domain)).toThrow('is or covers a name of this platform (apps.example.org)');
  },
);

it('puts a chain into order, and tells what the certificate is', async () => {
  const root = await makeCertificate(['Test Root']);
  const middle = await makeCertificate(['Test Middle'], { issuer: root });
  const own = await makeCertificate(['www.example.com', '*.shop.example.com'], { issuer: middle });
  const { chain, key } = readCertificate(`a comment\n${root.cert}${own.cert}\n${middle.cert}`, own.key);
  expect(chain.match(/BEGIN CERTIFICATE[^]*?END/g)).toHaveLength(3);
  expect(chain.replaceAll('\n', '')).toBe(`${own.cert}${middle.cert}${root.cert}`.replaceAll('\n', ''));
  expect(createPrivateKey(key).asymmetricKeyType).toBe('ec');
  expect(describeCertificate(chain)).toMatchObject({
    domains: ['www.example.com', '*.shop.example.com'],
    subject: '/CN=www.example.com',
    issuer: '/CN=Test Middle',
    isSelfSigned: false,
    isCaSigned: false,
  });
  expect(describeCertificate(root.cert)).toMatchObject({ isSelfSigned: true, domains: ['test root'] });
});

it('refuses what TLS clients could not be shown, says why, and never quotes the key', async () => {
  const [own, other] = [await makeCertificate(['www.example.com']), await makeCertificate(['b.example.com'])];
  const past = new Date(Date.now() - 60_000);
  const expired = await makeCertificate(['old.example.com'], { notAfter: past });
  const early = await makeCertificate(['new.example.com'], { notBefore: new Date(Date.now() + 3_600_000) });
  const sealed = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'hunter2',
  }) as string;
  const damagedKey = own.key.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const damagedCert = own.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [own.cert, other.key, /the private key does not belong to the certificate \(CN=www\.example\.com\)/],
    [expired.cert, expired.key, /CN=old\.example\.com expired on .*Renew it/],
    [early.cert, early.key, /CN=new\.example\.com is not valid before /],
    [`${own.cert}${other.cert}`, own.key, /did not issue any of the others \(CN=b\.example\.com\)/],
    [own.cert, sealed, /the private key has a passphrase/],
    [own.cert, damagedKey, /the private key can't be read/],
    [damagedCert, own.key, /certificate 1 of the chain can't be read/],
    [own.key, own.key, /the certificate is not a PEM file/],
    [own.cert, own.cert, /the private key is not a PEM file/],
    [own.cert.repeat(11), own.key, /11 certificates, and at most 10/],
    ['x'.repeat(40_000), own.key, /the certificate chain is larger than 32 KiB/],
    [own.cert, 'x'.repeat(20_000), /the private key is larger than 16 KiB/],
  ];
  for (const [chain, key, why] of cases) {
    const attempt = (): unknown => readCertificate(chain, key);
    expect(attempt).toThrow(why);
    expect(attempt).toThrow(expect.objectContaining({ id: 'invalid_params' }));
    expect(attempt).not.toThrow(key.split('\n')[1] ?? key);
  }
});
