import type { DiskKill } from '../model/process-group.ts';

const mebibyte = 1024 * 1024;

/** What the log says of a dyno that was ended because of what it had written. Heroku has no error code for it. */
export function diskKillLines(kill: DiskKill): readonly string[] {
  return [
    `Disk limit of the dyno exceeded: ${describeDiskKill(kill)}`,
    'Stopping process with SIGKILL',
    'Its files went with it. Remove temporary files when they are not needed any more, keep large or lasting ones in a database or an object storage, or choose a larger size with `heroku ps:type`.',
  ];
}

/** A clause: how much of what. */
export function describeDiskKill({ usedBytes, limitBytes }: DiskKill): string {
  return `${inMegabytes(usedBytes)} written to /app and /tmp, ${inMegabytes(limitBytes)} is the limit`;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MB`;
}
