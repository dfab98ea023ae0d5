import type { Exit } from '../model/dyno.ts';

/** How a start came out. A dyno that is stopped before it is up has `crashed`, too: it never worked. */
export type BootResult =
  | { readonly is: 'up' }
  | {
      readonly is: 'failed';
      readonly reason: 'boot-timeout' | 'crashed';
      readonly exit: Exit | null;
      readonly missedPort: string | null;
    };

export interface StopOrder {
  /** What is left of it: nothing, or a dyno that is shown as `down`. */
  readonly then: 'remove' | 'down';
  readonly graceMs: number;
  /** SIGTERM waits for this: the dyno is out of the route and its requests are done. */
  readonly after?: Promise<unknown>;
}
