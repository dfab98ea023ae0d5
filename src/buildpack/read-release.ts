import { parse } from 'yaml';
import type { ProcessType } from '../model/ids.ts';
import type { ProcessTypes } from '../model/slug.ts';
import type { RunResult } from '../supervisor/index.ts';
import { BoundedBytes } from './bounded-bytes.ts';
import { insidePath, runScript, type BuildSpace } from './build-space.ts';
import type { Buildpack } from './buildpack.ts';

export interface ReleaseInfo {
  readonly processTypes: ProcessTypes;
  readonly configVars: Readonly<Record<string, string>>;
}

export type ReadRelease =
  | { readonly status: 'read'; readonly info: ReleaseInfo }
  | { readonly status: 'invalid'; readonly detail: string }
  | { readonly status: 'stopped'; readonly endedBy: 'timeout' | 'abort' };

const maxBytes = 64 * 1024;
/** For both scripts. */
const timeoutMs = 70_000;

// One sandbox for both: to open and close one takes longer than either script. What `bin/report` prints or how it ends says
// nothing to the platform, and it has 10 seconds.
const program =
  'if [ -f bin/report ]; then timeout --foreground -s KILL 10 ./bin/report "$1" "$2" "$3" >/dev/null 2>&1; fi; exec ./bin/release "$1"';

/**
 * Runs `bin/report BUILD_DIR CACHE_DIR ENV_DIR`, if there is one, then `bin/release BUILD_DIR`, and reads the YAML of the
 * latter: `default_process_types` and `config_vars`. Earlier `export` files are not sourced.
 */
export async function readRelease(space: BuildSpace, buildpack: Buildpack): Promise<ReadRelease> {
  const stdout = new BoundedBytes(maxBytes);
  const stderr = new BoundedBytes(2048);
  const result: RunResult = await runScript(space, {
    argv: ['/bin/bash', '-c', program, 'release', space.buildDir, space.cacheDir, space.envDir],
    cwd: insidePath(space, buildpack.workPath),
    onStdout: stdout.write,
    onStderr: stderr.write,
    timeoutMs,
  });
  if (result.endedBy !== 'exit') return { status: 'stopped', endedBy: result.endedBy };
  if (result.exitCode !== 0) {
    const said = stderr.toString().trim();
    return { status: 'invalid', detail: `it exited with status ${result.exitCode}${said === '' ? '' : `: ${said}`}` };
  }
  if (stdout.isTooLong) return { status: 'invalid', detail: `it printed more than ${maxBytes / 1024} KB` };
  return parseReleaseInfo(stdout.toString());
}

/** Nothing, `---` and `{}` are fine: a buildpack need not have defaults. */
function parseReleaseInfo(text: string): ReadRelease {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 20, uniqueKeys: false, logLevel: 'error' });
  } catch (error) {
    return { status: 'invalid', detail: `it did not print valid YAML: ${firstLine(error)}` };
  }
  if (document === null || document === undefined)
    return { status: 'read', info: { processTypes: {}, configVars: {} } };
  const processTypes = readMap(document, 'default_process_types', /^[-\w]{1,128}$/);
  const configVars = readMap(document, 'config_vars', /^[A-Za-z_]\w{0,255}$/);
  if (typeof processTypes === 'string') return { status: 'invalid', detail: processTypes };
  if (typeof configVars === 'string') return { status: 'invalid', detail: configVars };
  // A default of old buildpacks that would hide the PATH of the build image.
  configVars.delete('PATH');
  const types = [...processTypes] as [ProcessType, string][];
  return {
    status: 'read',
    info: { processTypes: Object.fromEntries(types), configVars: Object.fromEntries(configVars) },
  };
}

function readMap(document: unknown, field: string, keys: RegExp): Map<string, string> | string {
  if (!isMap(document)) return 'it did not print a YAML mapping';
  const value = document[field];
  if (value === undefined || value === null) return new Map();
  if (!isMap(value)) return `${field} is not a mapping`;
  const entries = new Map<string, string>();
  for (const [key, item] of Object.entries(value)) {
    if (!keys.test(key) || key === '__proto__') return `${field} has the key ${JSON.stringify(key.slice(0, 60))}`;
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') {
      return `${field}.${key} is not a string`;
    }
    if (String(item).includes('\0')) return `${field}.${key} holds a NUL`;
    entries.set(key, String(item));
  }
  return entries;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
