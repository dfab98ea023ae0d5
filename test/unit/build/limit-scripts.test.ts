import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { limitScripts } from '../../../src/build/index.ts';
import type { ProcessGroup, ProcessGroups } from '../../../src/model/process-group.ts';
import { runInSandbox } from '../../../src/supervisor/index.ts';
import { openSandboxRig } from '../supervisor/sandbox-rig.ts';

const mebibyte = 1024 * 1024;

/** A machine without groups. */
const none: ProcessGroup = {
  joinFiles: [],
  memory: () => Promise.resolve(null),
  cpuSeconds: () => Promise.resolve(null),
  memoryKill: () => Promise.resolve(null),
  remove: () => Promise.resolve(),
};
const noGroups: ProcessGroups = { make: () => Promise.resolve(none), find: () => none, sweep: () => Promise.resolve() };

it('kills a script above its memory, where the kernel does not, or its disk, and says so; one below both goes on', async () => {
  await using rig = await openSandboxRig('process');
  if (rig === null) throw new Error('this rung is everywhere');
  const dir = await mkdtemp(join(tmpdir(), 'hokku-limits-'));
  const run = await limitScripts(runInSandbox, noGroups, {
    ...{ memoryBytes: 128 * mebibyte, diskBytes: 64 * mebibyte, workDir: rig.dir, dir },
  });
  const use = (megabytes: number, seconds: number): ReturnType<typeof run> =>
    run(
      rig.sandbox,
      {
        ...{ env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, cwd: '/app', uid: 23_456, hostname: 'test', mounts: [] },
        argv: ['python3', '-c', `import time; b = bytearray(${megabytes} << 20); time.sleep(${seconds})`],
        app: { kind: 'bind', dir: rig.app },
        tmpDir: rig.app,
      },
      { onStdout: () => undefined, onStderr: () => undefined, timeoutMs: 60_000 },
    );

  const filler = await run(
    rig.sandbox,
    {
      ...{ env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, cwd: '/app', uid: 23_456, hostname: 'test', mounts: [] },
      argv: ['bash', '-c', 'for n in $(seq 100); do head -c 1M /dev/zero > file$n; done; sleep 60'],
      app: { kind: 'bind', dir: rig.app },
      tmpDir: rig.app,
    },
    { onStdout: () => undefined, onStderr: () => undefined, timeoutMs: 60_000 },
  );
  await rm(rig.app, { recursive: true });
  await mkdir(rig.app);
  const [hog, modest] = [await use(300, 60), await use(20, 1)];

  expect(hog).toMatchObject({ exitCode: 137, endedBy: 'exit' });
  expect(hog.memoryKill).toMatchObject({ limitBytes: 128 * mebibyte, process: 'python3' });
  expect(hog.memoryKill?.usedBytes).toBeGreaterThan(128 * mebibyte);
  expect(filler).toMatchObject({ exitCode: 137, endedBy: 'exit', diskKill: { limitBytes: 64 * mebibyte } });
  expect(modest).toEqual({ exitCode: 0, endedBy: 'exit' });
  expect(await readFile(join(dir, 'build-memory.limit_in_bytes'), 'utf8')).toBe(`${128 * mebibyte}\n`);
  await rm(dir, { recursive: true });
});
