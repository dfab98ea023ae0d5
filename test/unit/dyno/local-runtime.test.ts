import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { asRoot, freePort, openRuntimeRig, rungs, until } from './runtime-rig.ts';

describe.each(rungs)('on the %s rung', (rung) => {
  it('gives a dyno its environment, the profile scripts in order, and the command a shell', async () => {
    await using rig = await openRuntimeRig(rung, {
      '.profile.d/2.sh': 'export ORDER="$ORDER two"; local_only=1; false; echo "$UNSET"',
      '.profile.d/1.sh': 'export ORDER=one; [[ -n $ORDER ]]; return 3',
      '.profile.d/3.txt': 'export ORDER=never',
      '.profile': 'export ORDER="$ORDER three" PATH="/app/bin:$PATH"',
    });
    if (rig === null) return;
    const dyno = await rig.start(
      `A=1 && echo "[$ORDER] [$PORT] \${GREETING}" 'single $X'; env; ulimit -n; cat /sys/fs/cgroup/memory/memory.limit_in_bytes`,
      {
        env: { GREETING: 'hä "quoted" $HOME', RAILS_ENV: 'production' },
        port: 12_345,
      },
    );

    const exit = await dyno.exited;

    expect(exit?.signal).toBeNull();
    const lines = rig.text(dyno).split('\n');
    expect(lines.slice(0, 2)).toEqual(['', '[one two three] [12345] hä "quoted" $HOME single $X']);
    const names = lines.filter((line) => /^\w+=/.test(line)).map((line) => line.slice(0, line.indexOf('=')));
    expect(names.filter((name) => !['SHLVL', '_', 'OLDPWD'].includes(name)).sort()).toEqual([
      'DYNO',
      'GREETING',
      'HOME',
      'ORDER',
      'PATH',
      'PORT',
      'PWD',
      'RAILS_ENV',
    ]);
    expect(lines).toContain('DYNO=web.1');
    expect(lines).toContain('10000');
    const home = rig.hasPrivatePaths ? '/app' : join(rig.dynosDir, dyno.spec.id, 'upper');
    expect(lines).toEqual(expect.arrayContaining([`HOME=${home}`, `PWD=${home}`]));
    expect(lines.includes('536870912')).toBe(rig.hasPrivatePaths);
    expect(rig.outputs.every(({ atMicros }) => Math.abs(Number(atMicros / 1000n) - Date.now()) < 20_000)).toBe(true);
  });

  it('limits processes where the kernel counts those of the app, and not where it would count all of this user', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const own = /^Max processes +(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1] ?? '';
    const dyno = await rig.start('ulimit -u');

    await dyno.exited;

    const ofSize = asRoot ? 256 * 32 : 256;
    const expected = rung === 'process' && !asRoot ? own : String(Math.min(ofSize, Number(own) || ofSize));
    expect(rig.text(dyno).trim()).toBe(expected);
  });

  it.each([
    ['exit 0', 0, null],
    ['exit 1', 1, null],
    ['no-such-command', 127, null],
    ['kill -9 $$', 137, 'SIGKILL'],
  ])('reports the end of `%s`', async (command, status, signal) => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;

    const dyno = await rig.start(command);

    expect(await dyno.exited).toMatchObject({ status, signal });
    await dyno.remove();
    expect(await readdir(rig.dynosDir)).toEqual([]);
  });

  it('sends SIGTERM to every process, and SIGKILL to those that ignore it', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const polite = await rig.start(
      `bash -c 'trap "echo child-term; exit 0" TERM; echo ready; while :; do sleep 0.05; done' & trap 'echo main-term; wait; exit 5' TERM; echo ready; wait; while :; do sleep 1; done`,
    );
    await until(() => rig.text(polite).split('ready').length === 3, 'both are ready');
    await polite.terminate();
    expect(await polite.exited).toMatchObject({ status: 5, signal: null });
    expect(rig.text(polite)).toContain('main-term');
    expect(rig.text(polite)).toContain('child-term');

    const simple = await rig.start('sleep 600');
    await simple.terminate();
    expect(await simple.exited).toMatchObject({ status: 143, signal: 'SIGTERM' });

    const deaf = await rig.start(`trap '' TERM; (setsid sleep 600 &); echo ready; while :; do sleep 0.2; done`);
    await until(() => rig.text(deaf).includes('ready'), 'it is ready');
    await deaf.terminate();
    await deaf.kill();
    expect(await deaf.exited).toMatchObject({ status: 137, signal: 'SIGKILL' });
    expect(processesOf(rig.dir)).toEqual([]);
  });

  it('spools what no one reads within bounds, and knows how many lines are lost', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;

    const flood = await rig.start('seq 1 6000000; printf end');
    await flood.exited;

    const own = rig.outputs.filter(({ dynoId }) => dynoId === flood.spec.id);
    const text = rig.text(flood);
    const received = text.split('\n').length;
    const dropped = own.reduce((sum, { droppedLines }) => sum + droppedLines, 0);
    expect(received + dropped).toBe(6_000_001);
    expect(own.at(-1)?.cursor).toBe(6_000_001);
    expect(text.endsWith('6000000\nend')).toBe(true);
    const sizes = (await readdir(join(rig.dynosDir, flood.spec.id, 'out'))).map(
      async (name) => (await stat(join(rig.dynosDir, flood.spec.id, 'out', name))).size,
    );
    expect((await Promise.all(sizes)).reduce((a, b) => a + b, 0)).toBeLessThan(9 << 20);
  });

  it.each(['127.0.0.1', '0.0.0.0', '::'])('knows its own listener on %s from a stranger', async (address) => {
    await using rig = await openRuntimeRig(rung, {
      'server.py': `import socket,sys,os,time
f = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(f); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
print('waiting', flush=True)
while not os.path.exists('/tmp/go') and not os.path.exists(os.environ['HOME'] + '/go'): time.sleep(0.01)
s.bind((sys.argv[1], int(os.environ['PORT']))); s.listen(); print('listening', flush=True); time.sleep(600)`,
    });
    if (rig === null) return;
    const port = await freePort();
    const dyno = await rig.start(`while ! (: < server.py); do :; done; python3 server.py ${address}`, { port });
    await until(() => rig.text(dyno).includes('waiting'), 'it waits');
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    expect(await dyno.isListening()).toBe(false);
    await new Promise((resolve) => stranger.close(resolve));

    const folder = join(rig.dynosDir, dyno.spec.id);
    await writeFile(join(folder, rig.hasPrivatePaths ? 'tmp' : 'upper', 'go'), '');
    await until(() => dyno.isListening(), 'it listens');
    expect(rig.text(dyno)).toContain('waiting');

    await dyno.kill();
    await dyno.exited;
    expect(await dyno.isListening()).toBe(false);
  });

  it('reports a dyno without a status, and nothing left of it, when its supervisor is killed', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const dyno = await rig.start(`(setsid sleep 600 &) ; echo last words; sleep 600`);
    await until(() => rig.text(dyno).includes('last words'), 'it runs');
    const record = JSON.parse(await readFile(join(rig.dynosDir, dyno.spec.id, 'dyno.json'), 'utf8')) as {
      supervisor: { pid: number };
    };

    process.kill(record.supervisor.pid, 'SIGKILL');

    expect(await dyno.exited).toBeNull();
    await until(() => processesOf(rig.dir).length === 0, 'all its processes are gone');
    await dyno.remove();
    expect(await readdir(rig.dynosDir)).toEqual([]);
  });

  it('keeps config vars off the disk and out of the process list, and removes what is hard to remove', async () => {
    await using rig = await openRuntimeRig(rung, { 'old/file': 'x' });
    if (rig === null) return;
    const dyno = await rig.start(
      'rm -rf old; mkdir -p closed/inner; touch closed/inner/f; chmod 0 closed; echo up; sleep 600',
      {
        env: { SECRET: 'hunter2-secret' },
      },
    );
    await until(() => rig.text(dyno).includes('up'), 'it runs');

    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      expect(readQuietly(`/proc/${pid}/cmdline`)).not.toContain('hunter2-secret');
    }
    expect(await readFile(join(rig.dynosDir, dyno.spec.id, 'dyno.json'), 'utf8')).not.toContain('hunter2');

    await mkdir(join(rig.dynosDir, 'half-made'));
    const adopted = await rig.runtime.adopt();
    expect(adopted).toEqual([]);
    expect(await readdir(rig.dynosDir)).toEqual([dyno.spec.id]);

    await dyno.kill();
    await dyno.exited;
    await dyno.remove();
    expect(await readdir(rig.dynosDir)).toEqual([]);
    expect(readQuietly('/proc/self/mountinfo')).not.toContain(rig.dir);
  });

  it('tells the place of a moment in the output: after all from before, and before all from later', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    // Faster than it is read, so that the reader is behind; then one line at a time.
    const dyno = await rig.start(
      'yes "a line of some length" | head -c 20000000; while sleep 0.01; do echo later; done',
    );
    const marks: { moment: bigint; outputs: number }[] = [];
    for (let count = 1; count <= 20; count += 1) {
      await until(() => rig.outputs.length > 2 * count, 'there is more output');
      const moment = BigInt(Date.now()) * 1000n;
      dyno.afterOutput(moment, () => marks.push({ moment, outputs: rig.outputs.length }));
    }
    await until(() => marks.length === 20, 'all are told');
    await until(() => rig.text(dyno).includes('later'), 'the flood is over');
    await dyno.kill();
    await dyno.exited;

    const times = rig.outputs.map(({ atMicros }) => atMicros);
    for (const { moment, outputs } of marks) {
      expect(times.slice(0, outputs).filter((at) => at > moment)).toEqual([]);
      // The supervisor takes the time before it writes.
      expect(times.slice(outputs).filter((at) => at < moment - 20_000n)).toEqual([]);
    }
    const late: string[] = [];
    dyno.afterOutput(0n, () => late.push('told at once when it has ended'));
    expect(late).toHaveLength(1);
  });
});

/** Processes that were started by a supervisor and have to do with this folder. */
function processesOf(dir: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readQuietly(`/proc/${pid}/oom_score_adj`).trim() === '500')
    .filter(
      (pid) => readQuietly(`/proc/${pid}/environ`).includes(dir) || readQuietly(`/proc/${pid}/mountinfo`).includes(dir),
    );
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
