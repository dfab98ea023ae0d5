import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import type { Environment } from './env.ts';
import { networkOpenings, networks, origins, type NetworkOpening } from './network-settings.ts';
import { platformEnvironment } from './platform-environment.ts';
import { knownSettings } from './settings.ts';
import { invalid, text } from './value.ts';

export type SandboxChoice = 'bwrap' | 'unshare' | 'process';

/** The operator's settings, validated and shaped. Holds no secret. Source: the table "Settings" in README.md. */
export interface Config {
  readonly dataDir: string;
  readonly bind: string;
  /** 0: a free one. */
  readonly port: number;
  /** Another port that is served like the first; null: none. */
  readonly execPort: number | null;
  /** Lower case. */
  readonly domain: string;
  /** A path (SQLite) or `postgres://...`; the latter can hold a password: never print it. */
  readonly databaseUrl: string;
  readonly adminEmail: string;
  readonly logLevel: string;
  /** The operator's own certificate; null: a private CA is made. */
  readonly tls: { readonly certPath: string; readonly keyPath: string } | null;
  /** Where certificates for custom domains are requested; null: nowhere, as nobody has agreed to an authority's terms. */
  readonly acme: AcmeChoice | null;
  /** Null: the best that this machine offers. `none`, which is no setting: nothing will be started. */
  readonly sandbox: SandboxChoice | 'none' | null;
  /** `strict`: the start fails where the best isolation can't be had. */
  readonly isolation: 'auto' | 'strict';
  /** For dynos and builds. */
  readonly networkOpenings: readonly NetworkOpening[];
  /** The transport of `heroku run`. */
  readonly attachBy: 'rendezvous' | 'ssh';
  readonly limits: ConfigLimits;
  readonly disk: DiskLimits;
  readonly keepOldOnFailedRollOut: boolean;
  /** Origins inside private networks that sources may be fetched from: `https://git.example.internal`. */
  readonly privateSources: readonly string[];
  /** JSON file of names for buildpacks elsewhere, absolute; null: none. */
  readonly buildpackRegistry: string | null;
  /** What stands for the hosts that builds download from; null: nothing. */
  readonly mirror: MirrorChoice | null;
  /** Log drains and webhooks of every user may reach this machine's own addresses, not only the operator's. */
  readonly allowLoopbackTargets: boolean;
  /** Private networks (`10.1.0.0/16`) that log drains and webhooks of every user may reach, not only the operator's. */
  readonly allowedNets: readonly string[];
  /** When the operator is told of what becomes a failure. */
  readonly watch: {
    readonly everyMs: number;
    /** Null: 7, if there ever was a backup. */
    readonly backupMaxDays: number | null;
  };
  readonly api: {
    /** Requests per hour of one account. */
    readonly hourlyLimit: number;
    /** For tests of the API: an answer that does not fit its published schema becomes a failure. */
    readonly checkAnswers: boolean;
  };
  /** What builds get from the machine's environment: CA, proxy and registry settings. */
  readonly buildEnvironment: Readonly<Record<string, string>>;
  /** `HOKKU_*` variables that mean nothing: the start warns of them by name. */
  readonly unknownSettings: readonly string[];
}

export interface MirrorChoice {
  /** Absolute. */
  readonly dir: string;
  /** What is not in it is fetched and kept. */
  readonly isRecording: boolean;
}

export interface AcmeChoice {
  readonly email: string;
  /** URL of the authority's directory. */
  readonly directory: string;
  /** PEM file with the issuer of the authority's own TLS certificate; null: a publicly trusted one. */
  readonly caPath: string | null;
}

export interface ConfigLimits {
  readonly sourceMaxBytes: number;
  /** Builds at once. */
  readonly maxBuilds: number;
  readonly buildTimeoutMs: number;
  /** Of each script; never more than three quarters of the machine's. */
  readonly buildMemoryBytes: number;
  /** Of what a build keeps on disk while it runs: source, cache, temporary files. */
  readonly buildDiskBytes: number;
  /** Of what a dyno of 512 MB writes; one of another size has as much more as it has more memory. */
  readonly dynoDiskBytes: number;
  readonly slugMaxBytes: number;
  readonly slugSoftBytes: number;
  readonly releasePhaseTimeoutMs: number;
  readonly bootTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly attachTimeoutMs: number;
  readonly attachIdleMs: number;
}

/** What may be kept on the data folder's disk. */
export interface DiskLimits {
  /** Of slugs, build caches, repositories, logs, streams and sources together; null: 80% of the disk. */
  readonly quotaBytes: number | null;
  /** Left free by builds, for dynos, logs and the database; null: 5% of the disk, from 64 MB (but at most 10%) to 2 GB. */
  readonly reserveBytes: number | null;
  /** Of each app, the newest releases that can be rolled back to in any case. */
  readonly rollbackReleases: number;
  /** Older ones can be for this long, unless the quota is passed. */
  readonly rollbackMs: number;
}

const mebibyte = 1024 * 1024;

/** Throws a PlatformError that names the variable, its value and what is allowed. */
export function loadConfig(env: Environment, options: { readonly isRoot: boolean; readonly cwd: string }): Config {
  const dataDir = dataFolder(env, options);
  const domain = domainName(env);
  return {
    dataDir,
    bind: address(env),
    port: whole(env, 'HOKKU_PORT', 5000, 0, 65_535),
    execPort: optionalPort(env, 'HOKKU_EXEC_PORT'),
    domain,
    databaseUrl: databaseUrl(env, dataDir),
    adminEmail: email(env, 'HOKKU_ADMIN_EMAIL', `admin@${domain}`),
    logLevel: oneOf(env, 'HOKKU_LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
    tls: certificate(env, options.cwd),
    acme: acmeChoice(env, options.cwd),
    sandbox: sandboxChoice(env),
    isolation: oneOf(env, 'HOKKU_ISOLATION', ['auto', 'strict'], 'auto') === 'strict' ? 'strict' : 'auto',
    networkOpenings: networkOpenings(env, 'HOKKU_NETWORK_ALLOW'),
    attachBy: oneOf(env, 'HOKKU_ATTACH_BY', ['rendezvous', 'ssh'], 'rendezvous') === 'ssh' ? 'ssh' : 'rendezvous',
    limits: {
      sourceMaxBytes: whole(env, 'HOKKU_SOURCE_MAX_MB', 1024, 1, 100_000) * mebibyte,
      maxBuilds: whole(env, 'HOKKU_MAX_BUILDS', Math.max(4, availableParallelism()), 1, 1000),
      buildTimeoutMs: whole(env, 'HOKKU_BUILD_TIMEOUT', 900, 1, 86_400) * 1000,
      buildMemoryBytes: whole(env, 'HOKKU_BUILD_MEMORY_MB', 4096, 64, 10_000_000) * mebibyte,
      buildDiskBytes: whole(env, 'HOKKU_BUILD_DISK_MB', 8192, 64, 10_000_000) * mebibyte,
      dynoDiskBytes: whole(env, 'HOKKU_DYNO_DISK_MB', 2048, 32, 1_000_000) * mebibyte,
      slugMaxBytes: whole(env, 'HOKKU_SLUG_MAX_MB', 1024, 1, 100_000) * mebibyte,
      slugSoftBytes: whole(env, 'HOKKU_SLUG_SOFT_MB', 300, 1, 100_000) * mebibyte,
      releasePhaseTimeoutMs: whole(env, 'HOKKU_RELEASE_TIMEOUT', 86_400, 1, 86_400) * 1000,
      bootTimeoutMs: whole(env, 'HOKKU_BOOT_TIMEOUT', 60, 1, 600) * 1000,
      stopGraceMs: whole(env, 'HOKKU_STOP_GRACE', 30, 0, 600) * 1000,
      attachTimeoutMs: whole(env, 'HOKKU_ATTACH_TIMEOUT', 30, 1, 600) * 1000,
      attachIdleMs: whole(env, 'HOKKU_ATTACH_IDLE', 3600, 1, 86_400) * 1000,
    },
    disk: {
      quotaBytes: optionalMegabytes(env, 'HOKKU_DISK_QUOTA_MB'),
      reserveBytes: optionalMegabytes(env, 'HOKKU_DISK_RESERVE_MB'),
      rollbackReleases: whole(env, 'HOKKU_ROLLBACK_RELEASES', 20, 1, 100_000),
      rollbackMs: whole(env, 'HOKKU_ROLLBACK_DAYS', 30, 0, 36_500) * 24 * 60 * 60_000,
    },
    allowLoopbackTargets: oneOf(env, 'HOKKU_LOOPBACK_TARGETS', ['on', 'off'], 'off') === 'on',
    allowedNets: networks(env, 'HOKKU_OUTBOUND_ALLOW'),
    keepOldOnFailedRollOut: oneOf(env, 'HOKKU_KEEP_OLD_RELEASE', ['on', 'off'], 'on') === 'on',
    privateSources: origins(env, 'HOKKU_PRIVATE_SOURCES'),
    buildpackRegistry: registryFile(env),
    mirror: mirrorChoice(env),
    watch: {
      everyMs: whole(env, 'HOKKU_WATCH_SECONDS', 60, 1, 86_400) * 1000,
      backupMaxDays:
        text(env, 'HOKKU_BACKUP_MAX_DAYS', '') === '' ? null : whole(env, 'HOKKU_BACKUP_MAX_DAYS', 7, 1, 3650),
    },
    api: {
      hourlyLimit: whole(env, 'HOKKU_API_RATE_LIMIT', 4500, 1, 100_000_000),
      checkAnswers: oneOf(env, 'HOKKU_CHECK_ANSWERS', ['on', 'off'], 'off') === 'on',
    },
    buildEnvironment: platformEnvironment(env),
    unknownSettings: Object.keys(env).filter((key) => key.startsWith('HOKKU_') && !knownSettings.has(key)),
  };
}

export function databaseKind({ databaseUrl: url }: Pick<Config, 'databaseUrl'>): 'sqlite' | 'postgres' {
  return url.startsWith('postgres') ? 'postgres' : 'sqlite';
}

export function defaultDataDir(env: Environment, isRoot: boolean): string {
  if (isRoot) return '/var/lib/hokku';
  const base = env['XDG_DATA_HOME'];
  return join(
    base !== undefined && isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.local', 'share'),
    'hokku',
  );
}

function dataFolder(env: Environment, { isRoot, cwd }: { readonly isRoot: boolean; readonly cwd: string }): string {
  const value = text(env, 'HOKKU_DATA_DIR', defaultDataDir(env, isRoot));
  const dir = resolve(cwd, value);
  if (/^\/(proc|sys)(\/|$)/.test(dir))
    throw invalid('HOKKU_DATA_DIR', value, 'a folder on a disk, not below /proc or /sys, which hold no files');
  return dir;
}

function registryFile(env: Environment): string | null {
  const value = text(env, 'HOKKU_BUILDPACK_REGISTRY', '');
  if (value === '') return null;
  if (!isAbsolute(value)) throw invalid('HOKKU_BUILDPACK_REGISTRY', value, 'the absolute path of a JSON file');
  return value;
}

function mirrorChoice(env: Environment): MirrorChoice | null {
  const dir = text(env, 'HOKKU_MIRROR', '');
  const mode = oneOf(env, 'HOKKU_MIRROR_MODE', ['serve', 'record'], 'serve');
  if (dir === '') return null;
  if (!isAbsolute(dir)) throw invalid('HOKKU_MIRROR', dir, 'the absolute path of a folder');
  return { dir, isRecording: mode === 'record' };
}

function whole(env: Environment, name: string, fallback: number, from: number, to: number): number {
  const value = text(env, name, String(fallback));
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value) || number < from || number > to) {
    throw invalid(name, value, `a whole number from ${from} to ${to}`);
  }
  return number;
}

function optionalPort(env: Environment, name: string): number | null {
  return text(env, name, '') === '' ? null : whole(env, name, 0, 1, 65_535);
}

function optionalMegabytes(env: Environment, name: string): number | null {
  return text(env, name, '') === '' ? null : whole(env, name, 0, 1, 999_999_999) * mebibyte;
}

function oneOf(env: Environment, name: string, allowed: readonly string[], fallback: string): string {
  const value = text(env, name, fallback);
  if (!allowed.includes(value)) throw invalid(name, value, allowed.join(', '));
  return value;
}

function address(env: Environment): string {
  const value = text(env, 'HOKKU_BIND', '127.0.0.1');
  if (isIP(value) === 0) throw invalid('HOKKU_BIND', value, 'an IP address such as 127.0.0.1, 0.0.0.0 or ::');
  return value;
}

function domainName(env: Environment): string {
  const value = text(env, 'HOKKU_DOMAIN', 'localhost').toLowerCase();
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  // A last label of digits only would make it an IP address, which has no subdomains for the apps.
  if (value.length > 200 || !new RegExp(`^(${label}\\.)*(?!\\d+$)${label}$`).test(value)) {
    throw invalid('HOKKU_DOMAIN', value, 'a domain name without port, such as apps.example.com');
  }
  return value;
}

function databaseUrl(env: Environment, dataDir: string): string {
  const value = env['HOKKU_DATABASE_URL'];
  if (value === undefined || value === '') return join(dataDir, 'platform.sqlite');
  if (!/^postgres(ql)?:\/\//.test(value)) {
    // The value may hold a password, so it is not shown.
    throw new PlatformError(
      'invalid_params',
      'HOKKU_DATABASE_URL is not usable. Allowed: postgres://user:password@host:port/database.',
    );
  }
  return value;
}

function email(env: Environment, name: string, fallback: string): string {
  const value = text(env, name, fallback);
  if (value.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(value)) throw invalid(name, value, 'an e-mail address');
  return value;
}

function certificate(env: Environment, cwd: string): Config['tls'] {
  const cert = env['HOKKU_TLS_CERT'];
  const key = env['HOKKU_TLS_KEY'];
  if ((cert ?? '') === '' && (key ?? '') === '') return null;
  if (cert === undefined || cert === '' || key === undefined || key === '') {
    throw new PlatformError(
      'invalid_params',
      'HOKKU_TLS_CERT and HOKKU_TLS_KEY go together: set both to paths of PEM files, or neither.',
    );
  }
  return { certPath: resolve(cwd, cert), keyPath: resolve(cwd, key) };
}

const letsEncrypt = 'https://acme-v02.api.letsencrypt.org/directory';

function acmeChoice(env: Environment, cwd: string): AcmeChoice | null {
  if (text(env, 'HOKKU_ACME_EMAIL', '') === '') return null;
  const directory = text(env, 'HOKKU_ACME_DIRECTORY', letsEncrypt);
  const url = URL.canParse(directory) ? new URL(directory) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw invalid('HOKKU_ACME_DIRECTORY', directory, `an https URL such as ${letsEncrypt}`);
  }
  const caPath = text(env, 'HOKKU_ACME_CA', '');
  return {
    email: email(env, 'HOKKU_ACME_EMAIL', ''),
    directory: url.href,
    caPath: caPath === '' ? null : resolve(cwd, caPath),
  };
}

function sandboxChoice(env: Environment): SandboxChoice | null {
  const value = oneOf(env, 'HOKKU_SANDBOX', ['auto', 'bwrap', 'unshare', 'process'], 'auto');
  return value === 'bwrap' || value === 'unshare' || value === 'process' ? value : null;
}
