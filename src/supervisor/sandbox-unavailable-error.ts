import { readFileSync } from 'node:fs';
import { PlatformError } from '../errors/platform-error.ts';
import type { SandboxRung } from './types.ts';

/** A rung that did not work, and what its trial said. */
export interface FailedRung {
  readonly rung: SandboxRung;
  readonly evidence: string;
}

export const notInstalled = 'bubblewrap is not installed';

/** No rung that may be used works here. The message is complete; its parts are for `hokku doctor`. */
export class SandboxUnavailableError extends PlatformError {
  override readonly name = 'SandboxUnavailableError';
  /** What was tried, and why each failed. */
  readonly evidence: string;
  readonly lost: string;
  readonly remedy: string;
  /** Debian and Ubuntu packages that may mend it. */
  readonly packages: readonly string[];

  constructor(failed: readonly FailedRung[], want: SandboxRung | undefined) {
    const evidence = failed.map(({ rung, evidence: said }) => `${rung}: ${said}`).join('; ');
    const lost =
      want === undefined
        ? 'without a sandbox every app could read the platform’s secrets, so the platform does not start'
        : `HOKKU_SANDBOX=${want} can’t be had, so the platform does not start`;
    const isMissing = failed.some(({ evidence: said }) => said === notInstalled);
    const mending = [...(isMissing ? ['install bubblewrap (apt-get install bubblewrap)'] : []), ...closedSwitches()];
    if (mending.length === 0) mending.push('allow this user to make user namespaces, or run the platform as root');
    const other =
      want === undefined
        ? 'Or set HOKKU_SANDBOX=process to go without: only where you trust the code of every app with all that this user can read'
        : 'Or leave HOKKU_SANDBOX unset for the best that works here';
    const remedy = `To mend it: ${mending.join('; ')}. ${other}.`;
    super('unavailable', `No sandbox works here (${evidence}): ${lost}. ${remedy}`);
    this.evidence = evidence;
    this.lost = lost;
    this.remedy = remedy;
    this.packages = isMissing ? ['bubblewrap'] : [];
  }
}

/** Settings of the kernel that keep ordinary users from making user namespaces, as what to type. */
function closedSwitches(): readonly string[] {
  if (process.getuid?.() === 0) return [];
  return switches.flatMap(({ name, closed, command }) =>
    readSetting(name) === closed ? [`sudo sysctl ${command}`] : [],
  );
}

/** Sources: namespaces(7); Debian's and Ubuntu's kernels. */
const switches = [
  { name: 'user/max_user_namespaces', closed: '0', command: 'user.max_user_namespaces=15000' },
  { name: 'kernel/unprivileged_userns_clone', closed: '0', command: 'kernel.unprivileged_userns_clone=1' },
  {
    name: 'kernel/apparmor_restrict_unprivileged_userns',
    closed: '1',
    command: 'kernel.apparmor_restrict_unprivileged_userns=0',
  },
] as const;

function readSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null; // not a setting of this kernel
  }
}
