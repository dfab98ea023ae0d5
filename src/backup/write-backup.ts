import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { sha256Of } from '../lib/sha256-of.ts';
import { packRepo } from '../repo/index.ts';
import { BackupWriter } from './backup-writer.ts';
import { formatVersion, headerName, type BackupHeader } from './manifest.ts';
import type { Stage } from './stage.ts';

export interface WriteInput {
  readonly stage: Stage;
  /** For one packed repository at a time. */
  readonly dir: string;
  /** Version of this `hokku`. */
  readonly hokku: string;
  readonly withLogs: boolean;
  /** To be put into the backup; null: it is kept apart. */
  readonly secretKey: Uint8Array | null;
  readonly signal: AbortSignal;
}

export interface Written {
  readonly sizeBytes: number;
  /** What is left out, as it is not what it was stored as. */
  readonly warnings: readonly string[];
}

/** Writes a stage as one archive. */
export async function writeBackup(input: WriteInput, target: Writable): Promise<Written> {
  const { stage, secretKey, signal } = input;
  const at = new Date();
  const writer = new BackupWriter(target, at, signal);
  const header: BackupHeader = {
    format: formatVersion,
    hokku: input.hokku,
    createdAt: at.toISOString(),
    migrations: stage.migrations,
    keyFingerprint: stage.keyFingerprint,
    holdsKey: secretKey !== null,
    holdsLogs: input.withLogs,
    apps: stage.repos.length,
  };
  await writer.addText(headerName, `${JSON.stringify(header, null, 2)}\n`);
  const warnings: string[] = [];
  for (const { name, path, size } of stage.files) {
    const sha = /^slugs\/(\w+)\.tgz$/.exec(name)?.[1];
    // One that the disk has spoiled would make the whole backup one that is refused.
    if (sha === undefined || (await sha256Of(path, signal)) === sha) await writer.addFile(name, path, size);
    else warnings.push(spoiltSlug(sha));
  }
  for (const { appId, refs, dir } of stage.repos) {
    await writer.addText(`repos/${appId}.refs`, `${JSON.stringify(refs)}\n`);
    if (refs.refs.length === 0) continue;
    const pack = join(input.dir, `${appId}.pack`);
    await packRepo(dir, refs, pack, signal);
    await writer.addFile(`repos/${appId}.pack`, pack);
    await rm(pack);
  }
  if (secretKey !== null) await writer.addText('secret-key', `${Buffer.from(secretKey).toString('hex')}\n`);
  await writer.end();
  return { sizeBytes: writer.sizeBytes, warnings };
}

function spoiltSlug(sha: string): string {
  return `the slug ${sha} of a release is damaged on this disk and not in the backup: deploy its app again, and look at the disk`;
}
