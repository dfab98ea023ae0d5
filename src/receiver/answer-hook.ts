import { PlatformError } from '../errors/platform-error.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import type { KeyedQueue } from '../lib/keyed-queue.ts';
import type { AppId } from '../model/ids.ts';
import type { Access } from './authorize.ts';
import type { ReceiverDeps } from './deps.ts';
import type { HookCall } from './hook-call.ts';
import { branchOf, decidePush, type PushDecision } from './push-rules.ts';

export interface AnswerContext {
  readonly access: Access;
  readonly deps: ReceiverDeps;
  /** Deploys of one app, one after the other until their refs have moved. */
  readonly deploys: KeyedQueue<AppId>;
  /** Resolves when git is gone. */
  readonly gitEnded: Promise<unknown>;
  /** Aborted when the platform stops or git dies. */
  readonly signal: AbortSignal;
}

export type PushResult = 'refused' | 'stored' | 'accepted' | 'rejected' | 'failed';

type Deploy = Extract<PushDecision, { is: 'deploy' }>;

/** Decides one push and answers its hook; resolves when git has moved the refs, or not. */
export async function answerHook(call: HookCall, context: AnswerContext): Promise<PushResult> {
  const decision = decidePush(call.updates);
  if (decision.is === 'refused') return await refuse(call, decision.reason, context);
  if (decision.is === 'stored') {
    if (decision.notice !== null) call.output.write(`${decision.notice}\n`);
    call.answer('accept');
    await context.gitEnded;
    return 'stored';
  }
  return await context.deploys.run(
    context.access.app.id,
    () => deploy(call, decision, context),
    (ahead) => {
      if (ahead > 0) call.output.write(`-----> Waiting for ${ahead} other push(es) to this app\n`);
    },
  );
}

async function deploy(call: HookCall, decision: Deploy, context: AnswerContext): Promise<PushResult> {
  const { access, deps, signal } = context;
  const { app, account, address } = access;
  try {
    signal.throwIfAborted();
    const obstacle = await obstacleTo(call, decision, context);
    if (obstacle !== null) return await refuse(call, obstacle, context);
    const { ref, commit } = decision;
    const { objects, pushOptions } = call;
    const actor = { accountId: account.id, email: account.email };
    const outcome = await deps.onPush({ app, actor, address, ref, commit, objects, pushOptions }, call.output, signal);
    // Before git answers: a clone right after the push is to find its branch.
    if (outcome.status === 'accepted') await pointHead(decision, context);
    call.answer(outcome.status === 'accepted' ? 'accept' : 'reject');
    await context.gitEnded;
    if (outcome.status === 'accepted') await checkRef(decision, context);
    return outcome.status;
  } catch (error) {
    if (!signal.aborted) deps.log.error({ app: app.name, err: error }, 'push failed inside the platform');
    call.output.write(`${failureText(error, signal)}\n`);
    call.answer('reject');
    await context.gitEnded;
    return 'failed';
  }
}

/** What would keep git from moving the ref after the build; better said before it. */
async function obstacleTo(call: HookCall, { commit }: Deploy, context: AnswerContext): Promise<string | null> {
  const { repos } = context.deps;
  const deployed = call.updates.filter(({ ref }) => ref === 'refs/heads/main' || ref === 'refs/heads/master');
  const [isCommit, ...current] = await Promise.all([
    repos.isCommit(call.objects, commit),
    ...deployed.map(({ ref }) => repos.readRef(context.access.app.id, ref)),
  ]);
  if (!isCommit) {
    return `Push rejected, ${commit.slice(0, 8)} is not a commit. Push the commit that a tag points to: git push heroku TAG^{}:main`;
  }
  const moved = deployed.find(({ oldCommit }, index) => oldCommit !== current[index]);
  if (moved === undefined) return null;
  return `Push rejected, another push moved ${branchOf(moved.ref)} in the meantime. Push again to deploy on top of it.`;
}

/** What a clone checks out: the branch that is deployed, unless the other one is there as well. */
async function pointHead({ ref }: Deploy, { deps, access }: AnswerContext): Promise<void> {
  const { id } = access.app;
  const head = await deps.repos.readHead(id);
  if (head !== ref && (await deps.repos.readRef(id, head)) === null) await deps.repos.setHead(id, ref);
}

async function checkRef({ ref, commit }: Deploy, { deps, access }: AnswerContext): Promise<void> {
  const { app } = access;
  if ((await deps.repos.readRef(app.id, ref)) === commit) return;
  deps.log.error({ app: app.name, ref, commit }, 'push deployed, but git did not move the ref');
}

async function refuse(call: HookCall, reason: string, context: AnswerContext): Promise<PushResult> {
  call.output.write(`!\t${reason}\n`);
  call.answer('reject');
  await context.gitEnded;
  return 'refused';
}

export const platformStopped = ' !     The platform stopped during this push; nothing was deployed, push again.';

function failureText(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return platformStopped;
  if (error instanceof PlatformError && error.id !== 'internal_server_error') return ` !     ${error.message}`;
  if (isOutOfSpace(error)) {
    return ' !     The disk of the platform is full; nothing was deployed. Free some space on it, then push again.';
  }
  return ` !     The platform failed while it handled this push; nothing was deployed. Push again; the reason is in the platform's log.`;
}
