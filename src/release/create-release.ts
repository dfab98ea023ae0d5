import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { SlugId } from '../model/ids.ts';
import type { AppLogWriter, LogLine } from '../model/log.ts';
import type { Release, ReleaseStatus } from '../model/release.ts';
import type { Transaction } from '../store/index.ts';

export interface NewRelease {
  readonly app: App;
  readonly actor: Actor;
  /** `Deploy 193d1419`. Made one line of at most 2,000 characters. */
  readonly description: string;
  readonly slugId: SlugId | null;
  /** Encrypted, as of now. */
  readonly configVars: Uint8Array | null;
  readonly status: ReleaseStatus;
}

const maxDescriptionLength = 2000;

/**
 * Gives the app its next version, in the transaction of whatever changed. The app's log gets `<description> by user U` and
 * `Release vN created by user U` with one timestamp, once the transaction is durable; nothing when it is not.
 * Source: docs of the app log, "API events".
 */
export async function createRelease(input: NewRelease, tx: Transaction, logs: AppLogWriter): Promise<Release> {
  const release = await tx.releases.create({
    appId: input.app.id,
    description: oneLine(input.description),
    status: input.status,
    slugId: input.slugId,
    userId: input.actor.accountId,
    configVars: input.configVars,
  });
  tx.afterCommit(() => {
    logs.append(input.app.id, logLines(release, input.actor));
  });
  return release;
}

function logLines(release: Release, actor: Actor): readonly LogLine[] {
  const line = (message: string): LogLine => ({
    atMicros: BigInt(release.createdAt.getTime()) * 1000n,
    source: 'app',
    process: 'api',
    message: `${message} by user ${actor.email}`,
  });
  return [line(release.description), line(`Release v${release.version} created`)];
}

/** A client may choose the description, and a line end in it could forge a line of the log. */
function oneLine(description: string): string {
  return description
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, maxDescriptionLength);
}
