import type { Exit } from '../model/dyno.ts';
import { diskKillLines } from './disk-text.ts';
import { r15Lines } from './memory-text.ts';

/** How a dyno ended, with the reason if that was its memory or its disk. */
export function exitLines({ status, memoryKill, diskKill }: Exit): readonly string[] {
  const why = memoryKill !== undefined ? r15Lines(memoryKill) : diskKill !== undefined ? diskKillLines(diskKill) : [];
  return [...why, `Process exited with status ${status}`];
}
