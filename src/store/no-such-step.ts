import type { StatefulThing } from '../model/state-machines.ts';

/** Somebody asked for a step that the state machine does not have: a broken invariant, and nothing is written. */
export function noSuchStep(thing: StatefulThing, from: string, to: string): Error {
  return new Error(`Internal: a ${thing} does not go from ${from} to ${to}`);
}
