import type { AppId } from '../model/ids.ts';
import type { AppLogWriter, LogLine } from '../model/log.ts';
import type { Transaction } from '../store/index.ts';
import type { Platform } from './platform.ts';

/** A transaction whose log lines are written once it is committed: one that is rolled back or retried leaves none. */
export async function commitWithLog<T>(
  platform: Pick<Platform, 'store' | 'logplex'>,
  work: (tx: Transaction, logs: AppLogWriter) => Promise<T>,
): Promise<T> {
  let held: { readonly appId: AppId; readonly lines: readonly LogLine[] }[] = [];
  const logs: AppLogWriter = {
    append: (appId, lines) => {
      held.push({ appId, lines });
    },
    flush: () => Promise.resolve(),
  };
  const result = await platform.store.transaction((tx) => {
    held = [];
    return work(tx, logs);
  });
  for (const { appId, lines } of held) platform.logplex.append(appId, lines);
  return result;
}
