import type { ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { deferred } from '../lib/deferred.ts';
import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import { settlesWithin } from '../lib/settles-within.ts';
import { answerHook, platformStopped, type AnswerContext, type PushResult } from './answer-hook.ts';
import { usesSideband, type CommandList } from './command-list.ts';
import { awaitHookCall, hookStdio, type GitProcess, type HookCall } from './hook-call.ts';
import type { PackLimit } from './pack-limit.ts';
import { PushClient } from './push-client.ts';
import { BodyError, type BodyEnd, type RequestBody } from './request-body.ts';

/** More output than this that the pusher has not read, and it is let go. */
const maxPendingBytes = 16 * 1024 * 1024;
const killAfterMs = 5_000;

export interface PushRequest extends Omit<AnswerContext, 'gitEnded' | 'signal'> {
  readonly list: CommandList;
  /** What has been read of the body so far: the command list and maybe more. */
  readonly head: Buffer;
  readonly body: RequestBody;
  readonly packLimit: PackLimit;
  readonly response: ServerResponse;
}

/**
 * One `git receive-pack` and its pusher. Until the pack is complete, a pusher that leaves ends the push and git removes
 * its quarantine; once git is in the hook, a pusher that leaves only detaches.
 */
export class RunningPush {
  readonly done: Promise<void>;
  readonly #request: PushRequest;
  readonly #child: GitProcess;
  readonly #client: PushClient;
  readonly #stop = new AbortController();
  readonly #gitEnded: Promise<number>;
  /** A deploy that does not end when it is told to is not waited for. */
  readonly #givenUp = deferred<PushResult>();
  #call: HookCall | null = null;

  constructor(request: PushRequest) {
    this.#request = request;
    const { access, deps, list, packLimit, response } = request;
    const { args, env } = deps.repos.serve(access.app.id, {
      service: 'receive-pack',
      advertise: false,
      protocol: 0,
      maxPackBytes: packLimit.bytes,
    });
    // A process group of its own: Ctrl-C at the platform's terminal is not for git.
    this.#child = startProcess('git', args, { env, stdio: [...hookStdio], detached: true });
    this.#gitEnded = exitCodeOf(this.#child);
    this.#gitEnded.catch(() => undefined); // awaited in #run
    this.#client = new PushClient(response, { hasSideband: usesSideband(list), idleMs: deps.limits.idleMs });
    this.done = this.#run();
  }

  /** Ends the push because the platform stops: a running deploy is aborted and has `graceMs` to answer. */
  async close(graceMs: number): Promise<void> {
    this.#stop.abort(new Error('The platform is stopping'));
    if (this.#call === null) {
      this.#client.note(`${platformStopped}\n`);
      this.#child.kill('SIGTERM');
    } else if (!(await settlesWithin(this.done, graceMs))) {
      this.#call.output.write(`${platformStopped}\n`);
      this.#call.answer('reject');
      this.#givenUp.resolve('failed');
    }
    if (!(await settlesWithin(this.done, killAfterMs))) {
      this.#killGroup();
      this.#client.detach();
    }
    await settlesWithin(this.done, killAfterMs);
  }

  async #run(): Promise<void> {
    const { access, deps, list, body } = this.#request;
    const startedAt = performance.now();
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null)
      throw new Error('Internal: git was started without pipes');
    let complaint = '';
    stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-2000);
    });
    const fed = this.#feed(stdin);
    let result: PushResult | 'not-received' = 'failed';
    try {
      [result] = await Promise.all([
        Promise.race([this.#answer(), this.#givenUp.promise]),
        this.#hand(stdout),
        this.#gitEnded,
      ]);
    } catch (error) {
      deps.log.error({ app: access.app.name, err: error }, 'push failed inside the receiver');
      this.#killGroup();
      await this.#gitEnded.catch(() => undefined);
    }
    this.#client.end();
    body.discardRest();
    const exitCode = await this.#gitEnded.catch(() => null);
    const durationMs = Math.round(performance.now() - startedAt);
    const input = await Promise.race([fed, Promise.resolve('unread' as const)]);
    const facts = { app: access.app.name, refs: list.refs.length, result, exitCode, input, durationMs };
    deps.log.info(complaint === '' ? facts : { ...facts, complaint }, 'push ended');
  }

  /** Everything that git says to the pusher. */
  async #hand(stdout: Readable): Promise<void> {
    await this.#client.take(stdout);
    this.#client.end(); // not later: the pusher waits for it
  }

  async #answer(): Promise<PushResult | 'not-received'> {
    const { access, deps } = this.#request;
    const call = await awaitHookCall(this.#child, deps.repos.path(access.app.id));
    if (call === null) return 'not-received';
    this.#call = call;
    const gone = new AbortController();
    this.#child.once('exit', () => {
      gone.abort(new Error('Git ended during the push'));
    });
    const output = {
      write: (chunk: string | Uint8Array): void => {
        call.output.write(chunk);
        if (call.pendingBytes() > maxPendingBytes && this.#client.isAttached) this.#client.detach();
      },
    };
    const signal = AbortSignal.any([this.#stop.signal, gone.signal]);
    return await answerHook({ ...call, output }, { ...this.#request, gitEnded: this.#gitEnded, signal });
  }

  /** Passes the request on to git as fast as git takes it. Without its end git knows that the pack is not complete. */
  async #feed(stdin: Writable): Promise<'complete' | 'unread' | BodyEnd> {
    const { head, body, deps, packLimit } = this.#request;
    stdin.on('error', () => undefined); // git has ended: the loop sees it
    try {
      for (let chunk: Buffer | null = head; chunk !== null; chunk = await body.read()) {
        if (body.isTooLarge) this.#client.note(`!\t${packLimit.text}\n`);
        await written(stdin, chunk);
        if (stdin.destroyed) return 'unread';
      }
      this.#client.start();
      return 'complete';
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (error.end === 'idle') this.#client.note(`!\t${silent(deps.limits.idleMs)}\n`);
      if (error.end === 'corrupt')
        this.#client.note('!\tPush rejected, the gzip encoding of the request is broken. Push again.\n');
      return error.end;
    } finally {
      stdin.end();
    }
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // The group is gone, which is what is wanted.
    }
  }
}

function silent(idleMs: number): string {
  return `Push rejected, no data came for ${Math.round(idleMs / 1000)} s. Check your connection and push again.`;
}

/** Resolves when there is room for more, or when nobody reads any more. */
function written(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    stream.write(chunk, () => {
      resolve();
    });
  });
}
