import { writeSync } from 'node:fs';
import type { ProcessType } from '../../src/model/ids.ts';
import { openStore } from '../../src/store/index.ts';
import { createApp, quiet } from './store.ts';

/** Commits releases to the SQLite file of its argument and writes the version of each to standard output, until it is killed. */
const store = await openStore({ url: process.argv[2] ?? '', log: quiet.store });
const account = (await store.accounts.findFirst()) ?? (await store.accounts.create({ email: 'ada@example.com' }));
const app = (await store.apps.findByName('durable')) ?? (await createApp(store, account.id, 'durable'));

for (;;) {
  const release = await store.transaction(async (tx) => {
    const made = await tx.releases.create({
      appId: app.id,
      description: 'Deploy',
      status: 'succeeded',
      slugId: null,
      userId: account.id,
      configVars: new Uint8Array(5_000),
    });
    await tx.formation.set(app.id, 'web' as ProcessType, { quantity: made.version });
    return made;
  });
  writeSync(1, `${release.version}\n`);
}
