import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogs } from '../../src/log.ts';
import type { App } from '../../src/model/app.ts';
import type { AccountId, AppName } from '../../src/model/ids.ts';
import type { AppLogWriter, LogLine } from '../../src/model/log.ts';
import { openStore, type Queries, type Store } from '../../src/store/index.ts';

export const quiet = openLogs('silent', false);

/** A folder that goes away with `await using`. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'hokku-store-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** An empty SQLite store in a folder of its own. */
export async function temporaryStore(): Promise<{ store: Store } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const store = await openStore({ url: join(folder.path, 'platform.sqlite'), log: quiet.store });
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export function createApp(queries: Queries, ownerId: AccountId, name: string): Promise<App> {
  return queries.apps.create({ name: name as AppName, ownerId, stack: 'heroku-24', region: 'local' });
}

/** An app log that only remembers. */
export class RememberingLog implements AppLogWriter {
  readonly lines: LogLine[] = [];

  append(_appId: App['id'], lines: readonly LogLine[]): void {
    this.lines.push(...lines);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}
