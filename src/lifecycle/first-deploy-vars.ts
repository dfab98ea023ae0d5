import { applyPatch } from '../config-vars/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { BuiltSlug } from '../model/build.ts';
import { createRelease, describeConfigChange } from '../release/index.ts';
import type { Platform } from './platform.ts';

/** `config_vars` of `bin/release` are set on the first deploy only, and never over a var that is there. Source: Heroku's Buildpack API. */
export async function setFirstDeployVars(app: App, built: BuiltSlug, actor: Actor, platform: Platform): Promise<void> {
  if (app.releasedAt !== null || Object.keys(built.configVars).length === 0) return;
  await platform.store.transaction(async (tx) => {
    const before = platform.configVars.open(app.id, await tx.apps.readConfig(app.id));
    const missing = Object.fromEntries(Object.entries(built.configVars).filter(([key]) => !(key in before)));
    const { vars, set } = applyPatch(before, missing);
    if (set.length === 0) return;
    const sealed = platform.configVars.seal(app.id, vars);
    await tx.apps.writeConfig(app.id, sealed);
    await createRelease(
      { app, actor, description: describeConfigChange(set, []), slugId: null, configVars: sealed, status: 'succeeded' },
      tx,
      platform.logplex,
    );
  });
}
