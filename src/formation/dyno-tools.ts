import type { DynoRuntime } from '../model/dyno.ts';
import type { AppId, ReleaseId } from '../model/ids.ts';
import type { AppLogWriter } from '../model/log.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/index.ts';
import type { FormationLimits } from './limits.ts';
import type { Ports } from './ports.ts';

/** What every dyno of the formation works with. */
export interface DynoTools {
  readonly store: Store;
  readonly runtime: DynoRuntime;
  readonly logs: AppLogWriter;
  readonly ports: Ports;
  readonly limits: FormationLimits;
  readonly log: Logger;
  /** Aborted when the formation lets go: from then on nothing is written, said or stopped any more. */
  readonly lifetime: AbortSignal;
  readConfigVars(releaseId: ReleaseId): Promise<ConfigVars>;
  /** True when the app wants its metrics in its log. */
  wantsMetrics(appId: AppId): Promise<boolean>;
  now(): Date;
  /** Keeps a step that nobody waits for; one that fails is reported in the platform's log. */
  track(step: Promise<unknown>): void;
}
