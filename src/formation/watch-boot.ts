import type { RunningDyno } from '../model/dyno.ts';
import { pause } from './waiting.ts';

export interface BootWatch {
  readonly deadline: Date;
  /** The longest wait between two looks. A dyno that starts quickly is looked at more often: who pushed is waiting. */
  readonly pollMs: number;
  readonly lifetime: AbortSignal;
  now(): Date;
  /** False once the outcome is of no interest: the dyno has ended, or is being stopped. */
  isBooting(): boolean;
}

const firstPollMs = 10;

/** Waits until a web dyno listens on `$PORT`. `over`: nobody waits any more. */
export async function watchBoot(dyno: RunningDyno, watch: BootWatch): Promise<'listening' | 'timed-out' | 'over'> {
  for (let looks = 0; watch.isBooting(); looks += 1) {
    // A question that fails is a "not yet": the process may just be ending, and the deadline has the last word.
    const isListening = await dyno.isListening().catch(() => false);
    if (!watch.isBooting()) return 'over';
    if (isListening) return 'listening';
    const leftMs = watch.deadline.getTime() - watch.now().getTime();
    if (leftMs <= 0) return 'timed-out';
    await pause(Math.min(firstPollMs + looks, watch.pollMs, leftMs), watch.lifetime);
  }
  return 'over';
}
