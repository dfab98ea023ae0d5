import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { AppId } from '../model/ids.ts';
import type { Platform } from './platform.ts';

interface FeatureKind {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly docUrl: string;
  /** `general` ones are listed by `heroku features`, others by `heroku labs`. */
  readonly state: 'general' | 'beta';
  /** Every app has it, and none can be without. */
  readonly isAlwaysOn: boolean;
}

export interface AppFeature extends FeatureKind {
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const dynoMetadata = 'runtime-dyno-metadata';
const runtimeMetrics = 'log-runtime-metrics';

/** What an app of this platform can have beyond what all have, and what all have that Heroku lists as a feature. */
const kinds: readonly FeatureKind[] = [
  {
    name: 'runtime-heroku-exec',
    displayName: 'Commands inside of dynos',
    description: 'heroku ps:exec, ps:copy and ps:forward',
    docUrl: 'https://devcenter.heroku.com/articles/exec',
    state: 'general',
    isAlwaysOn: true,
  },
  {
    name: 'preboot',
    displayName: 'Preboot',
    description: 'New web dynos take over before the old ones are stopped',
    docUrl: 'https://devcenter.heroku.com/articles/preboot',
    state: 'general',
    isAlwaysOn: true,
  },
  {
    name: dynoMetadata,
    displayName: 'Dyno metadata',
    description: 'Dynos know their app, release and commit from HEROKU_* variables, from the next release on',
    docUrl: 'https://devcenter.heroku.com/articles/dyno-metadata',
    state: 'beta',
    isAlwaysOn: false,
  },
  {
    name: runtimeMetrics,
    displayName: 'Runtime metrics',
    description: 'The app’s log has the memory and the load of each dyno every 20 seconds',
    docUrl: 'https://devcenter.heroku.com/articles/log-runtime-metrics',
    state: 'beta',
    isAlwaysOn: false,
  },
];

/** True when the app's log is to have the metrics of its dynos. */
export async function wantsMetrics(appId: AppId, { store }: Pick<Platform, 'store'>): Promise<boolean> {
  return (await store.appFeatures.list(appId)).some(({ name, enabled }) => name === runtimeMetrics && enabled);
}

export async function listAppFeatures(
  app: Pick<App, 'id' | 'createdAt'>,
  { store }: Pick<Platform, 'store'>,
): Promise<readonly AppFeature[]> {
  const rows = await store.appFeatures.list(app.id);
  return kinds.map((kind) => {
    const row = rows.find(({ name }) => name === kind.name);
    return {
      ...kind,
      enabled: kind.isAlwaysOn || row?.enabled === true,
      createdAt: row?.createdAt ?? app.createdAt,
      updatedAt: row?.updatedAt ?? app.createdAt,
    };
  });
}

/** Throws `invalid_params` for what is always on. No dyno is restarted. */
export async function setAppFeature(
  app: App,
  feature: AppFeature,
  enabled: boolean,
  platform: Platform,
): Promise<void> {
  if (feature.isAlwaysOn && !enabled) {
    throw new PlatformError(
      'invalid_params',
      `${feature.name} can't be disabled: every app of this platform has it. Leave it enabled.`,
    );
  }
  if (feature.enabled !== enabled) await platform.store.appFeatures.set(app.id, feature.name, enabled);
}
