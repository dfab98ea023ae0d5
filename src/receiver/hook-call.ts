import type { Duplex, Writable } from 'node:stream';
import type { startProcess } from '../lib/spawn.ts';
import type { BuildOutput } from '../model/build.ts';
import type { QuarantinedObjects, RefUpdate } from '../model/push.ts';
import { parseRefUpdates } from './push-rules.ts';

export type GitProcess = ReturnType<typeof startProcess>;

/** What the pre-receive hook of one push says, and the way to answer it. */
export interface HookCall {
  readonly updates: readonly RefUpdate[];
  readonly objects: QuarantinedObjects;
  readonly pushOptions: readonly string[];
  /** The pusher's `remote:` lines, sent at once. */
  readonly output: BuildOutput;
  /** Bytes of output that the pusher has not taken yet. */
  pendingBytes(): number;
  /** Ends the output, then the hook. The first verdict counts. */
  answer(verdict: 'accept' | 'reject'): void;
}

/** Standard streams of git, then the three that `hooks/pre-receive` uses. */
export const hookStdio = ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'] as const;

const maxCallBytes = 4 * 1024 * 1024;

/** Resolves when the hook has said everything; null if git ended without calling it. Rejects on a malformed call. */
export function awaitHookCall(child: GitProcess, gitDir: string): Promise<HookCall | null> {
  const [, , , request, reply, verdict] = child.stdio as unknown as readonly Duplex[];
  if (request === undefined || reply === undefined || verdict === undefined) {
    throw new Error('Internal: git was started without the pipes of its hook');
  }
  for (const pipe of [request, reply, verdict]) pipe.on('error', () => undefined); // a hook that was killed

  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    request.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > maxCallBytes) {
        request.destroy();
        reject(new Error('Internal: the pre-receive hook sent more than 4 MiB'));
        return;
      }
      const endOfEnv = bytes.indexOf('\0\0');
      if (endOfEnv === -1) return;
      const end = bytes.indexOf(0, endOfEnv + 2);
      if (end === -1) return;
      request.removeAllListeners('data');
      try {
        const env = parseEnvironment(bytes.subarray(0, endOfEnv));
        const updates = parseRefUpdates(bytes.toString('utf8', endOfEnv + 2, end));
        resolve({
          updates,
          objects: { gitDir, env: quarantineOf(env) },
          pushOptions: pushOptionsOf(env),
          ...answering(reply, verdict),
        });
      } catch (error) {
        reject(error);
      }
    });
    child.once('exit', () => {
      resolve(null);
    });
  });
}

function answering(reply: Writable, verdict: Writable): Pick<HookCall, 'output' | 'pendingBytes' | 'answer'> {
  return {
    output: {
      write(chunk) {
        if (!reply.writableEnded && !reply.destroyed) reply.write(chunk);
      },
    },
    pendingBytes: () => reply.writableLength,
    answer(word) {
      if (reply.writableEnded) return;
      reply.end();
      verdict.end(`${word}\n`);
    },
  };
}

function parseEnvironment(bytes: Buffer): ReadonlyMap<string, string> {
  const entries = bytes.toString('utf8').split('\0');
  return new Map(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Without them (a push that only deletes) the repository's own objects are all there is. */
function quarantineOf(env: ReadonlyMap<string, string>): Record<string, string> {
  const names = ['GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH'];
  return Object.fromEntries(names.flatMap((name) => (env.has(name) ? [[name, env.get(name) ?? '']] : [])));
}

function pushOptionsOf(env: ReadonlyMap<string, string>): string[] {
  const count = Number(env.get('GIT_PUSH_OPTION_COUNT') ?? '0');
  return Array.from({ length: count }, (_, index) => env.get(`GIT_PUSH_OPTION_${index}`) ?? '');
}
