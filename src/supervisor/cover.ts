import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** One thing that hides what lies at `target`. */
export type Cover =
  | { readonly kind: 'tmpfs'; readonly target: string; readonly mode: string }
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly writable: false };

export interface HiddenPaths {
  /** Folders and files of the host that no command may see; those that do not exist are left out. */
  readonly hide: readonly string[];
  /** Files that commands need: what hides a neighbour must not hide these. */
  readonly keep?: readonly string[];
}

/** What hides `hide`, as far as it lies under one of `roots`, which commands see. All real paths: links lead there. */
export function coversOf({ hide, keep = [] }: HiddenPaths, roots: readonly string[]): readonly Cover[] {
  const kept = keep.filter((path) => existsSync(path)).map((path) => realpathSync(path));
  const covered = new Set(
    hide
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path))
      .map((path) => (statSync(path).isFile() && holdsOnlyKeys(dirname(path), kept) ? dirname(path) : path))
      .filter((path) => roots.some((root) => path.startsWith(`${root}/`))),
  );
  return [...covered].map((path) =>
    statSync(path).isDirectory()
      ? { kind: 'tmpfs', target: path, mode: '0755' }
      : // It can't be opened: devices are not allowed there.
        { kind: 'bind', source: '/dev/null', target: path, writable: false },
  );
}

/**
 * A folder of keys and certificates is hidden as a whole, because a renewed key lies beside the old one; not one of
 * certificate authorities, which commands need.
 */
function holdsOnlyKeys(dir: string, kept: readonly string[]): boolean {
  try {
    return (
      !kept.some((path) => `${path}/`.startsWith(`${dir}/`)) &&
      readdirSync(dir, { withFileTypes: true }).every(
        (entry) => (entry.isFile() || entry.isSymbolicLink()) && isOfCertificate(entry.name),
      )
    );
  } catch {
    return false; // not readable, so neither by the commands
  }
}

function isOfCertificate(name: string): boolean {
  return /\.(pem|key|crt|cer|csr|p12|pfx|srl)$|^README/i.test(name) && !/^ca-/.test(name);
}
