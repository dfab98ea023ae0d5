import { applyPatch, type ConfigVarsPatch } from '../config-vars/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { createRelease, describeConfigChange } from '../release/index.ts';
import type { Transaction } from '../store/index.ts';
import { haveSamePages } from './error-pages.ts';
import { initialStatus, launch } from './launch.ts';
import type { Platform } from './platform.ts';

/**
 * Config vars changed: one release, one restart. Resolves with all vars once the release is stored; it is launched in the
 * background. A change that changes nothing makes no release. If the release fails, the vars stay set, as on Heroku.
 */
export async function onConfigChange(
  app: App,
  patch: ConfigVarsPatch,
  actor: Actor,
  platform: Platform,
): Promise<ConfigVars> {
  const changed = await platform.store.transaction(async (tx) => {
    const before = platform.configVars.open(app.id, await tx.apps.readConfig(app.id));
    const { vars, set, removed } = applyPatch(before, patch);
    if (set.length === 0 && removed.length === 0) return { before, vars, release: null };
    const sealed = platform.configVars.seal(app.id, vars);
    await tx.apps.writeConfig(app.id, sealed);
    const slug = await newestSlug(app, tx);
    const description = describeConfigChange(set, removed);
    const release = await createRelease(
      { app, actor, description, slugId: slug?.id ?? null, configVars: sealed, status: initialStatus(slug) },
      tx,
      platform.logplex,
    );
    return { before, vars, release };
  });
  if (!haveSamePages(changed.before, changed.vars)) await platform.formation.refreshHosts(app.id);
  if (changed.release !== null) {
    platform.inBackground('launch of a config change', launch(app, changed.release, actor, platform));
  }
  return changed.vars;
}

/**
 * Of the newest release that has not failed, one that is still being launched included: its code was pushed, and this
 * change, which supersedes it, must not take it back.
 */
async function newestSlug(app: App, tx: Transaction): Promise<Slug | null> {
  const releases = await tx.releases.list(app.id, { order: 'desc' });
  return releases.find(({ status, slug }) => slug !== null && status !== 'failed')?.slug ?? null;
}
