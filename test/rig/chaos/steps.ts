import { stateMachines, type StatefulThing, type StateMachine } from '../../../src/model/state-machines.ts';

/** One step of one kind of thing, as the store keeps it: `release pending -> succeeded`. */
export interface Step {
  readonly thing: StatefulThing;
  /** `new`: it was not there before. */
  readonly from: string;
  /** `gone`: its record was removed while its app stays. */
  readonly to: string;
}

export const things = Object.keys(stateMachines) as StatefulThing[];

/** Every step of every state machine of the product that needs no end of the platform to be taken. */
export function allSteps(): readonly Step[] {
  return things.flatMap((thing) => {
    const machine: StateMachine = stateMachines[thing];
    const steps = Object.entries(machine.steps).flatMap(([from, next]) => next.map((to) => ({ thing, from, to })));
    const births = machine.births.map((to) => ({ thing, from: 'new', to }));
    return [...births, ...steps, ...machine.ends.map((from) => ({ thing, from, to: 'gone' }))];
  });
}

export function nameOf({ thing, from, to }: Step): string {
  return `${thing} ${from} -> ${to}`;
}

/**
 * What led from one state to another, when some states in between were too short to be seen; null: the machine has no such
 * way. The removal of a record is possible from everywhere, because it may go with what it belongs to.
 */
export function wayOf({ thing, from, to }: Step): readonly Step[] | null {
  const machine: StateMachine = stateMachines[thing];
  const next = (state: string): readonly string[] => {
    if (state === 'new') return machine.births;
    const ends = machine.ends.includes(state) ? ['gone'] : [];
    return [...(machine.steps[state] ?? []), ...(machine.recovery?.[state] ?? []), ...ends];
  };
  let ways: (readonly string[])[] = [[from]];
  for (let length = 0; length < 5; length += 1) {
    const found = ways.flatMap((way) => next(way.at(-1) ?? '').map((state) => [...way, state]));
    const whole = found.find((way) => way.at(-1) === to);
    if (whole !== undefined)
      return whole.slice(1).map((state, index) => ({ thing, from: whole[index] ?? '', to: state }));
    ways = found;
  }
  return null;
}
