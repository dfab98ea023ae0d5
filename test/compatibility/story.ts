import type { RunningStory } from './run-story.ts';

/**
 * A command of the official CLI as a user types it, without the `heroku`: words between spaces or in single quotes;
 * `{name}` stands for what a step before has caught under that name. What it prints, both streams in one, has any white
 * space made one space, so that a line may be broken anywhere. The names of groups in `says` are caught.
 */
export type Step = readonly [typed: string, says: RegExp, more?: StepOptions];

export interface StepOptions {
  /** Default: 0. With another one the step says nothing about whether the command works, unless there is a reason. */
  readonly exit?: number;
  /** Why that is the right answer although the CLI ends with another status than 0. */
  readonly because?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** In a terminal: once the first is seen, the second is typed. */
  readonly types?: readonly (readonly [sees: string | RegExp, types: string])[];
  /** It does not end by itself: once it says what it should, it gets this. */
  readonly signal?: 'SIGINT' | 'SIGTERM';
  /** Repeated until it says it; for what takes the platform a moment. */
  readonly eventually?: true;
}

/** Something between the commands that is not one of the CLI. */
export type Deed = (story: RunningStory) => Promise<unknown>;

/** Commands that belong together, one after another in one shell, in an empty folder. */
export interface Story {
  readonly title: string;
  /** Why it can't be told on this machine; null: it can. */
  readonly missing?: () => string | null;
  readonly steps: readonly (Step | Deed)[];
}

/** The commands that a story shows to work. */
export function commandsOf(story: Story): readonly string[] {
  return story.steps
    .filter((step): step is Step => typeof step !== 'function')
    .filter(([, , { exit = 0, because } = {}]) => exit === 0 || because !== undefined)
    .map(([typed]) => typed.split(' ')[0] ?? '');
}
