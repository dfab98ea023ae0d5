import { PlatformError } from '../errors/platform-error.ts';

/** Changes when a backup can't be read as before. */
export const formatVersion = 1;

/** The first member: what the backup is of. */
export interface BackupHeader {
  readonly format: number;
  /** Version of the `hokku` that made it. */
  readonly hokku: string;
  readonly createdAt: string;
  /** Names of the migrations that its database has had. */
  readonly migrations: readonly string[];
  /** Of the secret key that its config vars and credentials are sealed with; null: the platform was never started. */
  readonly keyFingerprint: string | null;
  readonly holdsKey: boolean;
  readonly holdsLogs: boolean;
  readonly apps: number;
}

/** The last member has one of these for each other. */
export interface ManifestEntry {
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export const headerName = 'hokku-backup.json';
export const manifestName = 'manifest.json';
export const maxJsonBytes = 256 * 1024 * 1024;

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const file = '[A-Za-z0-9_][A-Za-z0-9._-]{0,80}';

/** Every name that a member may have; nothing else is ever written to a disk. */
const names = new RegExp(
  '^(?:' +
    [
      'hokku-backup\\.json|manifest\\.json|admin-token|secret-key',
      'database/[a-z_]{1,60}\\.jsonl',
      `repos/${uuid}\\.(?:refs|pack)`,
      'slugs/[0-9a-f]{64}\\.tgz',
      `sources/${uuid}\\.tgz`,
      `tls/(?:${file}/)?${file}`,
      `(?:logs|streams)/(?:${file}/){0,2}${file}`,
    ].join('|') +
    ')$',
);

export function isMemberName(name: string): boolean {
  return names.test(name);
}

/** Throws `invalid_params` for what is no header, and `unavailable` for one of a newer format. */
export function parseBackupHeader(text: string): BackupHeader {
  const header = parseJson(text);
  if (!isRecord(header) || typeof header['format'] !== 'number') throw damaged('its first part can not be read');
  if (header['format'] > formatVersion) {
    throw new PlatformError(
      'unavailable',
      `The backup has format ${header['format']}, and this version of Hokku reads up to ${formatVersion}. Restore it with the version that made it (${String(header['hokku'])}) or a later one.`,
    );
  }
  const { migrations, keyFingerprint, createdAt, hokku, holdsKey, holdsLogs, apps } = header;
  const isWhole =
    Array.isArray(migrations) &&
    migrations.every((name) => typeof name === 'string') &&
    (keyFingerprint === null || (typeof keyFingerprint === 'string' && /^[0-9a-f]{16}$/.test(keyFingerprint))) &&
    [createdAt, hokku].every((value) => typeof value === 'string') &&
    [holdsKey, holdsLogs].every((value) => typeof value === 'boolean') &&
    typeof apps === 'number';
  if (!isWhole) throw damaged('its first part is not whole');
  return header as unknown as BackupHeader;
}

export function parseManifest(text: string): readonly ManifestEntry[] {
  const manifest = parseJson(text);
  const members = isRecord(manifest) ? manifest['members'] : null;
  if (!Array.isArray(members)) throw damaged('its list of contents can not be read');
  if (!members.every(isRecord)) throw damaged('its list of contents can not be read');
  return members as unknown as readonly ManifestEntry[];
}

/** For whoever holds a backup that is not as it was made. */
export function damaged(how: string, cause?: unknown): PlatformError {
  return new PlatformError(
    'invalid_params',
    `The backup is damaged or is none of Hokku's: ${how}. Nothing was restored. Use another copy of it, or an older backup.`,
    { cause },
  );
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
