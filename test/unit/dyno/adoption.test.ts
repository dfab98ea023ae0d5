import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { distPath } from '../../../src/lib/package-root.ts';
import { startProcess } from '../../../src/lib/spawn.ts';
import { openRuntimeRig, rungs, until } from './runtime-rig.ts';

interface LogEntry {
  readonly cursor: number;
  readonly droppedLines: number;
  readonly text: string;
}

describe.each(rungs)('on the %s rung', (rung) => {
  it('finds dynos again after kill -9 of the platform, without losing or repeating a line', async () => {
    if (!existsSync(distPath('dyno', 'index.js'))) throw new Error('Run `npm run build` first.');
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const logFile = join(rig.dir, 'log');
    const read = async (): Promise<LogEntry[]> =>
      (await readFile(logFile, 'utf8').catch(() => ''))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LogEntry);
    const spec = rig.spec(
      'for i in $(seq 1 4000); do echo "line $i"; [ $((i % 20)) = 0 ] && sleep 0.005; done; printf "no line end"; exit 42',
    );
    const startPlatform = () =>
      startProcess(
        process.execPath,
        [
          join(import.meta.dirname, 'platform-process.mjs'),
          JSON.stringify({ dir: rig.dynosDir, slug: join(rig.dir, 'slug'), logFile, rung, spec }),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'], env: { TMPDIR: rig.dir } },
      );

    for (const lines of [300, 1200, 2000]) {
      const platform = startPlatform();
      const ended = once(platform, 'exit');
      await until(async () => ((await read()).at(-1)?.cursor ?? 0) >= lines, `${lines} lines are in the log`);
      platform.kill('SIGKILL');
      await ended;
    }
    const last = startPlatform();
    let said = '';
    last.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(last, 'exit');

    const log = await read();
    const expected = Array.from({ length: 4000 }, (_, i) => `line ${i + 1}\n`).join('') + 'no line end';
    expect(log.map(({ text }) => text).join('')).toBe(expected);
    expect(log.at(-1)?.cursor).toBe(4001);
    expect(said).toContain('"status":42,"signal":null');

    const [dyno, ...others] = await rig.runtime.adopt();
    expect(others).toEqual([]);
    expect(dyno?.spec).toEqual({ ...spec, env: {} });
    expect(await dyno?.exited).toMatchObject({ status: 42 });
    await dyno?.remove();
  });
});
