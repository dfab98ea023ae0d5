import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
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

/** Writes a stage as one archive. Returns its size in bytes. */
export async function writeBackup(input: WriteInput, target: Writable): Promise<number> {
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
  for (const { name, path, size } of stage.files) await writer.addFile(name, path, size);
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
  return writer.sizeBytes;
}
