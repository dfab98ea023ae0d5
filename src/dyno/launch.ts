import type { DynoSpec, TerminalSize } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { NetworkLink } from '../model/network.ts';
import type { GroupLimits, ProcessGroup } from '../model/process-group.ts';
import type { SandboxedCommand } from '../supervisor/index.ts';
import type { DynoFolder } from './dyno-folder.ts';
import { sizeOf } from './dyno-size.ts';

/**
 * What Heroku's dyno runs: the scripts that buildpacks left in `.profile.d`, the app's `.profile`, then the command, by a
 * shell of its own, so that it gets what they exported and nothing else. Their folder is fixed before they run, because
 * they may change both `HOME` and the working folder. Source: dyno-runtime.md section 1, buildpacks.md section 3.6.
 */
const launchScript = `
for hokku_script in "$HOME"/.profile.d/*.sh "$HOME/.profile"; do
  if [ -f "$hokku_script" ]; then source "$hokku_script"; fi
done
unset hokku_script
exec /bin/bash -c "$1"
`;

/** The start of a command in a dyno: by `bash`, after the scripts of `.profile.d` in its `HOME`. */
export function launchArgv(command: string): readonly string[] {
  return ['/bin/bash', '-c', launchScript, 'bash', command];
}

/** As on Heroku. */
const openFiles = 10_000;
/** One runaway file (a log, a core) ends in an error before it fills the disk. */
const maxFileBytes = 16 * 1024 ** 3;

export function sandboxedDyno(
  spec: DynoSpec,
  lower: string,
  folder: DynoFolder,
  terminal: TerminalSize | null = null,
  group: ProcessGroup | null = null,
  network: NetworkLink | null = null,
): SandboxedCommand {
  return {
    ...(network === null ? {} : { network }),
    ...(group === null ? {} : { groups: group.joinFiles }),
    ...(terminal === null ? {} : { terminal }),
    argv: launchArgv(spec.command),
    env: spec.env,
    cwd: '/app',
    uid: spec.uid,
    app: { kind: 'overlay', lower, upper: folder.upper, work: folder.work },
    tmpDir: folder.tmp,
    ...(folder.disk === null ? {} : { disk: folder.disk }),
    mounts: [{ source: folder.memoryLimit, target: '/sys/fs/cgroup/memory/memory.limit_in_bytes', writable: false }],
    hostname: spec.id,
    limits: { openFiles, fileBytes: maxFileBytes, processes: processLimit(spec) },
  };
}

/**
 * The kernel counts processes and threads per user. Without root every dyno has its own user namespace and is counted
 * alone (where it has none, there is no limit); as root all dynos of an app count together, so there the limit is only a stop to a runaway.
 */
function processLimit(spec: DynoSpec): number {
  const { processLimit: own } = sizeOf(spec);
  return process.getuid?.() === 0 ? own * 32 : own;
}

/** The hard limit is twice the quota: what lies between is warned about. Source: dyno-runtime.md section 7 */
export function groupLimits(spec: DynoSpec): GroupLimits {
  const { memoryMb, cpuShare, processLimit: processes } = sizeOf(spec);
  return { memoryBytes: 2 * memoryMb * 1024 * 1024, cpuShare, processes };
}

/** Of all that is run for this dyno. */
export function groupName(id: DynoId): string {
  return `dyno-${id}`;
}
