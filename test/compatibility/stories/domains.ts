import { connect } from 'node:tls';
import { makeCertificate } from '../../rig/certificate.ts';
import type { Deed, Story } from '../story.ts';

export const domainsStory: Story = {
  title: 'gives an app domains and certificates',
  steps: [
    async (story) => {
      await story.commit();
      const { cert, key } = await makeCertificate(['*.compat.test', 'compat.test']);
      await story.write({ 'wild.crt': cert, 'wild.key': key });
    },
    ['create with-domains', /done/],
    ['domains', /with-domains\.localhost/],
    ['certs', /with-domains has no SSL certificates/],
    ['certs:add wild.crt wild.key', /Common Name\(s\): \*\.compat\.test .*SSL certificate is self signed/],
    ['certs', /─ (?<certificate>[\w-]+) \*\.compat\.test, compat\.test/],
    ['certs:info --name {certificate}', /Certificate details: .*Expires At/],
    [
      'domains:add www.compat.test --cert {certificate} --wait',
      /Adding www\.compat\.test to with-domains\.\.\. done .*DNS provider to point to the DNS Target with-domains\.localhost\./,
    ],
    shows('www.compat.test', '*.compat.test'),
    ['domains:add *.shop.compat.test', /done/],
    shows('cart.shop.compat.test', 'Hokku'),
    ['domains:add with-domains.localhost', /is or covers a name of this platform/, { exit: 2 }],
    [
      'domains',
      /Heroku Domain with-domains\.localhost (?=.*www\.compat\.test CNAME with-domains\.localhost \w+-\w+).*\*\.shop\.compat\.test CNAME with-domains\.localhost( |$)/,
    ],
    ['domains:info www.compat.test', /(?=.*cname: with-domains\.localhost).*hostname: www\.compat\.test kind: custom/],
    ['domains:update *.shop.compat.test --cert {certificate}', /Updating \*\.shop\.compat\.test .*done/],
    shows('cart.shop.compat.test', '*.compat.test'),
    ['domains:wait', /^$|www\.compat\.test/],
    ['certs:generate made.compat.test --selfsigned --now', /Your key and self-signed certificate have been generated/],
    [
      'certs:update made.compat.test.crt made.compat.test.key --name {certificate} --confirm with-domains',
      /Updating SSL certificate .* for with-domains\.\.\. done/,
    ],
    shows('www.compat.test', 'made.compat.test'),
    ['certs:auto', /Automatic Certificate Management is disabled on with-domains/],
    ['certs:auto:enable', /Your certificate will now be managed by Heroku/],
    ['certs:auto:refresh', /Refreshing Automatic Certificate Management\.\.\. done/],
    ['certs:auto', /Automatic Certificate Management is enabled on with-domains .*www\.compat\.test Waiting/],
    ['certs:auto:disable --confirm with-domains', /Disabling Automatic Certificate Management\.\.\. done/],
    [
      'certs:remove --name {certificate} --confirm with-domains',
      /Removing SSL certificate .* from with-domains\.\.\. done/,
    ],
    ['certs', /has no SSL certificates/],
    shows('www.compat.test', 'Hokku'),
    ['domains:remove www.compat.test', /Removing www\.compat\.test from with-domains\.\.\. done/],
    ['domains:clear', /Removing all domains from with-domains\.\.\. done/],
  ],
};

/** Whoever asks for this host over TLS is shown a certificate with this common name. */
function shows(host: string, commonName: string): Deed {
  return async ({ rig }) => {
    const shown = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: rig.port, servername: host, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.once('error', reject);
    });
    if (shown !== commonName) throw new Error(`${host} shows the certificate of ${shown}, not ${commonName}`);
  };
}
