import { nothingLeftBehind } from './left-behind.ts';
import { eventually, type PlatformRig } from './platform-rig.ts';
import { processesWith } from './process-list.ts';

/** Fails when pushes that have ended leave something behind. `markers`: words in the command lines of processes that must be gone. */
export async function expectNothingLeft(rig: PlatformRig, ...markers: string[]): Promise<void> {
  for (const marker of markers) {
    await eventually(`the end of ${marker}`, () => Promise.resolve(processesWith(marker).length === 0));
  }
  await nothingLeftBehind(rig);
}
