import { makeCertificate } from '../../rig/certificate.ts';
import type { Story } from '../story.ts';

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
    ['domains:add www.compat.test --cert {certificate}', /Adding www\.compat\.test to with-domains\.\.\. done/],
    ['domains:add shop.compat.test --cert {certificate}', /done/],
    ['domains', /www\.compat\.test CNAME with-domains\.localhost/],
    ['domains:info www.compat.test', /hostname: www\.compat\.test kind: custom/],
    ['domains:update www.compat.test --cert {certificate}', /Updating www\.compat\.test .*done/],
    ['domains:wait', /^$|www\.compat\.test/],
    ['certs:generate made.compat.test --selfsigned --now', /Your key and self-signed certificate have been generated/],
    [
      'certs:update made.compat.test.crt made.compat.test.key --name {certificate} --confirm with-domains',
      /Updating SSL certificate .* for with-domains\.\.\. done/,
    ],
    ['certs:auto', /Automatic Certificate Management is disabled on with-domains/],
    ['certs:auto:enable', /Your certificate will now be managed by Heroku/],
    ['certs:auto:refresh', /Refreshing Automatic Certificate Management\.\.\. done/],
    ['certs:auto', /Automatic Certificate Management is enabled on with-domains .*www\.compat\.test Waiting/],
    ['certs:auto:disable --confirm with-domains', /Disabling Automatic Certificate Management\.\.\. done/],
    [
      'certs:remove --name {certificate} --confirm with-domains',
      /Removing SSL certificate .* from with-domains\.\.\. done/,
    ],
    ['domains:remove www.compat.test', /Removing www\.compat\.test from with-domains\.\.\. done/],
    ['domains:clear', /Removing all domains from with-domains\.\.\. done/],
  ],
};
