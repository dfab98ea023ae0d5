import type { AppSetup } from './app-setup.ts';
import type { AppTransfer } from './app-transfer.ts';
import type { Build } from './build.ts';
import type { DynoState } from './dyno.ts';
import type { PipelinePromotion, PromotionTarget } from './pipeline.ts';
import type { ReleaseStatus } from './release.ts';
import type { WebhookDeliveryStatus } from './webhook.ts';

/**
 * The states that the store keeps of one kind of thing, and how one leads to the next. The store refuses every other step,
 * and the chaos suite kills the platform at each of these.
 */
export interface StateMachine<State extends string = string> {
  readonly births: readonly State[];
  readonly steps: Readonly<Record<State, readonly State[]>>;
  /** Steps that only a platform takes which finds what an earlier one has left. */
  readonly recovery?: Readonly<Partial<Record<State, readonly State[]>>>;
  /** From these its record may be removed while its app stays. */
  readonly ends: readonly State[];
}

/** Interrupted ones are failed by the next start. */
const ending: StateMachine<'pending' | 'succeeded' | 'failed'> = {
  births: ['pending'],
  steps: { pending: ['succeeded', 'failed'], succeeded: [], failed: [] },
  ends: [],
};

const release: StateMachine<ReleaseStatus> = {
  // Without a slug there is nothing that could fail it.
  births: ['pending', 'succeeded'],
  steps: { pending: ['succeeded', 'failed'], succeeded: ['expired'], failed: [], expired: [] },
  // It had become current, the switch was cut off, and its dynos did not come up again: the one before it keeps running.
  recovery: { succeeded: ['failed'] },
  ends: [],
};

/** Each start of a dyno is a record of its own. One that a user stops is `down` from the first moment. */
const dyno: StateMachine<DynoState['is']> = {
  births: ['starting'],
  steps: {
    starting: ['up', 'stopping', 'crashed', 'down'],
    up: ['stopping', 'crashed', 'down'],
    stopping: [],
    crashed: ['down'],
    down: [],
  },
  // Its process was found running, or dead, and nothing of the order that it had got.
  recovery: { stopping: ['up', 'crashed', 'down'], down: ['up', 'stopping', 'crashed'] },
  ends: ['stopping', 'crashed', 'down'],
};

const webhookDelivery: StateMachine<WebhookDeliveryStatus> = {
  births: ['pending'],
  steps: {
    pending: ['scheduled'],
    scheduled: ['succeeded', 'failed', 'retrying'],
    retrying: ['scheduled'],
    succeeded: [],
    failed: [],
  },
  // An error of the platform itself before the attempt has begun.
  recovery: { pending: ['retrying', 'failed'], retrying: ['failed'] },
  ends: ['succeeded', 'failed'],
};

const pipelinePromotion: StateMachine<PipelinePromotion['status']> = {
  births: ['pending'],
  steps: { pending: ['completed'], completed: [] },
  ends: [],
};

const appTransfer: StateMachine<AppTransfer['state']> = {
  births: ['pending'],
  steps: { pending: ['accepted', 'declined'], accepted: [], declined: [] },
  ends: ['pending'],
};

export const stateMachines = {
  build: ending satisfies StateMachine<Build['status']>,
  release,
  dyno,
  appSetup: ending satisfies StateMachine<AppSetup['status']>,
  pipelinePromotion,
  promotionTarget: ending satisfies StateMachine<PromotionTarget['status']>,
  webhookDelivery,
  appTransfer,
} as const;

export type StatefulThing = keyof typeof stateMachines;

/** The states that this one may follow, itself included: to be told the same twice is no step. */
export function statesBefore<State extends string>(machine: StateMachine<State>, state: State): readonly State[] {
  const all = Object.keys(machine.steps) as State[];
  const leadsHere = (from: State): boolean =>
    machine.steps[from].includes(state) || (machine.recovery?.[from] ?? []).includes(state);
  return all.filter((from) => from === state || leadsHere(from));
}
