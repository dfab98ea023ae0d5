import type { AppId, LogDrainId } from './ids.ts';

/** Where an app's log is sent, as long as it stays. */
export interface LogDrain {
  readonly id: LogDrainId;
  readonly appId: AppId;
  /** `d.<uuid>`: how a receiver tells drains apart. */
  readonly token: string;
  /** The URL, encrypted: it may hold a password. */
  readonly sealedUrl: Uint8Array;
  /** Made by the operator, who may send to this machine's own addresses. */
  readonly mayReachLoopback: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
