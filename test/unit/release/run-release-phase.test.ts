import { expect, it } from '@jest/globals';
import { DynoOutputs } from '../../../src/formation/index.ts';
import type { AppId, DynoId, DynoName, ReleaseId, Sha256, SlugId } from '../../../src/model/ids.ts';
import type { App } from '../../../src/model/app.ts';
import type { DynoView } from '../../../src/model/dyno.ts';
import type { Release } from '../../../src/model/release.ts';
import { runReleasePhase, type ReleasePhase } from '../../../src/release/run-release-phase.ts';
import { until, present } from '../../rig/formation-rig.ts';
import { ScriptedRuntime } from '../../rig/scripted-runtime.ts';

const app = { id: 'app' as AppId, uid: 100_001 } as App;
const slug = { id: 's' as SlugId, sha256: 'a'.repeat(64) as Sha256, processTypes: { release: 'migrate $PORT' } };
const release = { id: 'r5' as ReleaseId, version: 5, slug } as unknown as Release;

function rig(): {
  runtime: ScriptedRuntime;
  outputs: DynoOutputs;
  lines: string[];
  shown: Set<DynoView>;
  pushed: string[];
  phase: (change?: Partial<ReleasePhase>) => ReleasePhase;
} {
  const runtime = new ScriptedRuntime();
  const outputs = new DynoOutputs();
  const lines: string[] = [];
  const shown = new Set<DynoView>();
  const pushed: string[] = [];
  const phase = (change: Partial<ReleasePhase> = {}): ReleasePhase => ({
    app,
    release,
    configVars: { DATABASE_URL: 'x', DYNO: 'no' },
    runtime,
    logs: {
      append: (_id, more) => lines.push(...more.map((line) => `${line.process} ${String(line.message)}`)),
      flush: () => Promise.resolve(),
    },
    watchOutput: (id, listener) => outputs.watch(id, listener),
    showDyno: (view) => {
      shown.add(view);
      return () => shown.delete(view);
    },
    output: { write: (chunk) => pushed.push(Buffer.from(chunk).toString()) },
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    ...change,
  });
  return { runtime, outputs, lines, shown, pushed, phase };
}

it('runs the release command with the new slug and config vars, and passes its output on as it comes', async () => {
  const { runtime, outputs, lines, shown, pushed, phase } = rig();
  const outcome = runReleasePhase(phase());
  const dyno = await until(
    () => runtime.dynos[0],
    (one) => one !== undefined,
  );
  const { spec } = present(dyno);
  expect(spec).toMatchObject({ type: 'release', releaseId: 'r5', slug: slug.sha256, port: null, uid: 100_001 });
  expect(spec.name).toMatch(/^release\.\d{4}$/);
  expect(spec.env).toEqual({ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/app', DYNO: spec.name, DATABASE_URL: 'x' });
  const chunk = { dynoId: spec.id, appId: app.id, name: spec.name, atMicros: 0n, cursor: 1, droppedLines: 0 };
  outputs.handle({ ...chunk, bytes: Buffer.from('creating ta') });
  expect(pushed).toEqual(['creating ta']);
  outputs.handle({ ...chunk, dynoId: 'other' as DynoId, name: 'web.1' as DynoName, bytes: Buffer.from('no') });
  expect([...shown].map((view) => view.state)).toEqual(['up']);
  present(dyno).exit(0);

  expect(await outcome).toEqual({ status: 'succeeded', exitCode: 0, endedBy: 'exit' });
  expect(pushed).toEqual(['creating ta']);
  expect(shown.size).toBe(0);
  expect(present(dyno).isRemoved).toBe(true);
  expect(lines).toEqual([
    `${spec.name} Starting process with command \`migrate $PORT\``,
    `${spec.name} State changed from starting to up`,
    `${spec.name} State changed from up to complete`,
    `${spec.name} Process exited with status 0`,
  ]);
});

it('fails with the exit status of the command', async () => {
  const { runtime, lines, phase } = rig();
  runtime.script = () => ({ exit: 3 });
  expect(await runReleasePhase(phase())).toEqual({ status: 'failed', exitCode: 3, endedBy: 'exit' });
  expect(lines.at(-1)).toMatch(/State changed from up to crashed$/);
});

it.each(['timeout', 'abort'] as const)('stops a command that ignores SIGTERM on %s', async (endedBy) => {
  const { runtime, phase } = rig();
  const controller = new AbortController();
  const limits = endedBy === 'timeout' ? { timeoutMs: 20 } : { signal: controller.signal };
  const outcome = runReleasePhase(phase({ ...limits, stopGraceMs: 20 }));
  const dyno = await until(
    () => runtime.dynos[0],
    (one) => one !== undefined,
  );
  present(dyno).obeysTerm = false;
  controller.abort();

  expect(await outcome).toEqual({ status: 'failed', exitCode: 137, endedBy });
  expect(present(dyno).signals).toEqual(['SIGTERM', 'SIGKILL']);
});

it('says what failed when the dyno could not be started', async () => {
  const { runtime, shown, phase } = rig();
  runtime.script = () => ({ fail: 'disk full' });
  await expect(runReleasePhase(phase())).rejects.toThrow('The release command of v5 could not be started');
  expect(shown.size).toBe(0);
});
