import type { MemoryKill } from '../model/process-group.ts';

const mebibyte = 1024 * 1024;

/** `300M` of 512 MiB is `58.6%`: how Heroku tells of memory. Source: https://devcenter.heroku.com/articles/error-codes */
export function memoryLine(usedBytes: number, quotaBytes: number): string {
  return `Process running mem=${Math.round(usedBytes / mebibyte)}M(${((usedBytes / quotaBytes) * 100).toFixed(1)}%)`;
}

export const r14 = 'Error R14 (Memory quota exceeded)';

/** What the log says of a dyno that has used twice its quota: Heroku's lines, and then who it was and what to do. */
export function r15Lines(kill: MemoryKill): readonly string[] {
  const quotaBytes = kill.limitBytes / 2;
  return [
    memoryLine(kill.usedBytes, quotaBytes),
    'Error R15 (Memory quota vastly exceeded)',
    'Stopping process with SIGKILL',
    `${capital(describeMemoryKill(kill))}. The quota of this dyno size is ${inMegabytes(quotaBytes)}: use less memory, or choose a larger size with \`heroku ps:type\`.`,
  ];
}

/** A clause: who was killed at how much of what. */
export function describeMemoryKill({ usedBytes, limitBytes, process }: MemoryKill): string {
  const who = process === null ? 'a process' : `the process ${process}`;
  return `${who} was killed out of memory (${inMegabytes(usedBytes)} used, ${inMegabytes(limitBytes)} is the limit)`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MB`;
}
