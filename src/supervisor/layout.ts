import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { coversOf, type Cover, type HiddenPaths } from './cover.ts';
import type { SandboxedCommand } from './types.ts';

/** One thing in the file system of a sandbox. Source: docs/architecture.md, what a dyno sees. */
export type LayoutEntry =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly writable: boolean }
  | { readonly kind: 'link'; readonly to: string; readonly target: string }
  | { readonly kind: 'text'; readonly target: string; readonly text: string }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly mode: string }
  | { readonly kind: 'proc' }
  | { readonly kind: 'devices' };

/** What the machine offers to every sandbox: looked up once, at the probe. */
export interface HostFiles {
  readonly entries: readonly LayoutEntry[];
  /** Files of `/run`, which is an empty folder otherwise. */
  readonly late: readonly LayoutEntry[];
  /** The real path of `/etc/resolv.conf`; null: there is none. */
  readonly resolver: string | null;
  /** What hides parts of `entries`. */
  readonly covers: readonly Cover[];
  /** False where bash has no settings for the whole machine: then nothing can be put in their place. */
  readonly hasShellSettings: boolean;
}

/**
 * The programs and the settings of the machine that commands need: compilers, certificates, the resolver. Nothing of
 * `/home`, `/root`, `/run`, nothing of `/var` but the list of installed packages, and nothing of `hidden`.
 */
export function readHostFiles(hidden: HiddenPaths): HostFiles {
  const entries: LayoutEntry[] = [];
  for (const path of ['/usr', '/etc', '/opt', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) entries.push({ kind: 'link', to: readlinkSync(path), target: path });
    else entries.push(readOnly(path));
  }
  entries.push(...packageFiles());
  // systemd-resolved keeps the real file under /run.
  const resolver = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : null;
  const late = resolver?.startsWith('/run/') === true ? [readOnly(resolver)] : [];
  // The C library counts processors here.
  if (existsSync('/sys/devices/system/cpu')) entries.push(readOnly('/sys/devices/system/cpu'));
  const roots = entries.flatMap((entry) => (entry.kind === 'bind' ? [entry.target] : []));
  return { entries, late, resolver, hasShellSettings: existsSync(shellSettings), covers: coversOf(hidden, roots) };
}

/**
 * What `apt-get` and `dpkg` need to find out which packages a build lacks: those that the machine has, and a
 * `sources.list`, which is gone where the sources lie in `sources.list.d` (Debian 13, Ubuntu 24.04) while buildpacks
 * still read it.
 */
function packageFiles(): LayoutEntry[] {
  const status = '/var/lib/dpkg/status';
  const entries = existsSync(status) ? [readOnly(status)] : [];
  const [settings, sources] = ['/etc/apt', '/etc/apt/sources.list'];
  if (!existsSync(settings) || existsSync(sources)) return entries;
  const parts = readdirSync(settings).map((name) => readOnly(`${settings}/${name}`));
  return [
    ...entries,
    { kind: 'tmpfs', target: settings, mode: '0755' },
    ...parts.filter(({ source }) => existsSync(source)),
    { kind: 'text', target: sources, text: '# The sources are in sources.list.d.\n' },
  ];
}

/** What interactive shells read first on Debian and Ubuntu. A variable would not do: a shell that is not interactive drops it. */
const shellSettings = '/etc/bash.bashrc';
/** As on Heroku: the folder in blue, the dollar in green. Source: dyno-runtime.md section 2. */
const prompt = "PS1='\\[\\033[01;34m\\]\\w\\[\\033[00m\\] \\[\\033[01;32m\\]$ \\[\\033[00m\\]'\n";

/** Everything that `command` sees, in the order in which it is to be mounted. */
export function layoutOf(command: SandboxedCommand, host: HostFiles, user: User): readonly LayoutEntry[] {
  return [
    ...host.entries,
    { kind: 'text', target: '/etc/passwd', text: passwd(user) },
    { kind: 'text', target: '/etc/group', text: group(user) },
    ...(host.hasShellSettings ? [{ kind: 'text', target: shellSettings, text: prompt } as const] : []),
    ...host.covers,
    { kind: 'proc' },
    { kind: 'devices' },
    { kind: 'tmpfs', target: '/run', mode: '0755' },
    ...(command.network?.resolver == null ? host.late : resolverOf(command.network.resolver, host)),
    { kind: 'bind', source: command.tmpDir, target: '/tmp', writable: true },
    { kind: 'tmpfs', target: '/var/tmp', mode: '1777' },
    { kind: 'bind', source: appSource(command), target: '/app', writable: true },
    ...command.mounts.map(({ source, target, writable }) => ({ kind: 'bind', source, target, writable }) as const),
  ];
}

/** One of our own, in the place of the machine's. */
function resolverOf(text: string, { resolver }: HostFiles): readonly LayoutEntry[] {
  return resolver === null ? [] : [{ kind: 'text', target: resolver, text }];
}

/** Where the app lies on the host once the overlay is mounted (over `upper` itself). */
export function appSource({ app }: SandboxedCommand): string {
  return app.kind === 'bind' ? app.dir : app.upper;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

function readOnly(path: string): LayoutEntry & { readonly kind: 'bind' } {
  return { kind: 'bind', source: path, target: path, writable: false };
}

// The app's own entry comes first: it wins where the platform itself runs as one of the others.
function passwd({ uid, gid }: User): string {
  return [
    `app:x:${uid}:${gid}:app:/app:/bin/bash`,
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    '',
  ].join('\n');
}

function group({ gid }: User): string {
  return [`app:x:${gid}:`, 'root:x:0:', 'nogroup:x:65534:', ''].join('\n');
}
