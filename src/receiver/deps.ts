import type { Logger } from '../log.ts';
import type { Account } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { Push, PushOutcome } from '../model/push.ts';
import type { Repos } from '../repo/index.ts';

export interface ReceiverDeps {
  readonly repos: Repos;
  /** `address`: of the client. Null: unknown. Throws `rate_limit` after too many of those. */
  authenticate(token: string, address: string): Promise<Account | null>;
  /** Null, or a PlatformError `not_found`: no such app, or none that the account may know of. `forbidden`: not for pushing. */
  findApp(account: Account, name: string): Promise<App | null>;
  /** Bytes that the disk has for the pack of one more push. */
  roomForPush(): Promise<number>;
  /**
   * Called inside pre-receive for a push that deploys; its outcome decides the whole push. `signal` is aborted when the
   * platform stops or git dies, never because the pusher went away.
   */
  onPush(push: Push, output: BuildOutput, signal: AbortSignal): Promise<PushOutcome>;
  readonly log: Logger;
  readonly limits: ReceiverLimits;
}

export interface ReceiverLimits {
  readonly maxPackBytes: number;
  readonly maxRefsPerPush: number;
  /** A client that neither sends what is expected nor reads what is there for this long is cut off. */
  readonly idleMs: number;
  /** How long a push may go on after the platform was told to stop. */
  readonly closeGraceMs: number;
}

export const defaultReceiverLimits: ReceiverLimits = {
  maxPackBytes: 2 * 1024 ** 3,
  maxRefsPerPush: 100,
  idleMs: 60_000,
  closeGraceMs: 10_000,
};
