import { dynoEnv } from '../lib/dyno-env.ts';
import type { App } from '../model/app.ts';
import type { DynoSpec } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { ConfigVars } from '../model/release.ts';
import type { DynoPlan } from './dyno-plan.ts';

interface DynoStart {
  readonly id: DynoId;
  readonly app: Pick<App, 'id' | 'uid'>;
  readonly plan: DynoPlan;
  /** The value of `$PORT`; null for dynos that are not `web`. */
  readonly port: number | null;
  readonly configVars: ConfigVars;
}

/** What the runtime has to know to start a dyno as planned. */
export function dynoSpec({ id, app, plan, port, configVars }: DynoStart): DynoSpec {
  const { name, type, command, size, release } = plan;
  if (release.slug === null) throw new Error(`Internal: ${name} has a release without a slug`);
  return {
    id,
    appId: app.id,
    uid: app.uid,
    name,
    type,
    command,
    size,
    releaseId: release.id,
    releaseVersion: release.version,
    slug: release.slug.sha256,
    port,
    env: dynoEnv({ name, port, configVars }),
  };
}
