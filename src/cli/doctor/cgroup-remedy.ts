/** What is known of a machine where not all limits can be had. */
export interface CgroupTrouble {
  readonly isRoot: boolean;
  /** Of the hierarchies that are mounted. */
  readonly versions: readonly (1 | 2)[];
  /** In the kernel's words; null: nothing was refused, a controller is just not there. */
  readonly fault: string | null;
}

/** Lines of the unit; `DelegateSubgroup` is known from systemd 254 on. */
export const delegatingUnit =
  '[Service] Delegate=yes, DelegateSubgroup=platform (before systemd 254: see docs/limits.md), KillMode=process';

/** What an operator can do about it. Source: systemd.resource-control(5), Documentation/admin-guide/cgroup-v2.rst */
export function cgroupRemedy({ isRoot, versions, fault }: CgroupTrouble): string {
  if (versions.length === 0)
    return 'Mount cgroup2 (`mount -t cgroup2 none /sys/fs/cgroup`), then start the platform again';
  if (fault === null)
    return 'Use a kernel that has the controllers memory, pids and cpu switched on (`cgroup_enable=memory` at its start)';
  if (/\bEROFS\b/.test(fault))
    return 'Give the container a writable /sys/fs/cgroup, or run the platform outside of one';
  if (/\bEBUSY\b/.test(fault))
    return `The group of the platform holds processes, so it can't divide its share: have the service manager start it one below (${delegatingUnit})`;
  if (isRoot) return 'Run the platform as root of the machine, not of a container, with /sys/fs/cgroup writable';
  if (versions.includes(2))
    return `Run the platform as a systemd service that has its groups delegated (${delegatingUnit}), or as root`;
  return 'Run the platform as root: groups of version 1 are not delegated to ordinary users by systemd';
}
