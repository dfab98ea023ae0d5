import { createHash, randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { AttachedProcess, DynoSpec, TerminalSize } from '../../../src/model/dyno.ts';
import type { DynoName } from '../../../src/model/ids.ts';
import { processesWith } from '../../rig/process-list.ts';
import { asRoot, openRuntimeRig, rungs, until, type RuntimeRig } from './runtime-rig.ts';

/** A sleep that no other test sleeps. */
const newSleep = (): string => `sleep ${randomInt(100_000, 999_999)}`;
const isRunning = (command: string): boolean => processesWith(command).some((one) => one.command.startsWith(command));

const size: TerminalSize = { columns: 93, rows: 31 };

/** Somebody who types, and who sees what comes back. */
class Talk {
  readonly process: AttachedProcess;
  text = '';

  constructor(process: AttachedProcess) {
    this.process = process;
    process.output.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
  }

  static async start(rig: RuntimeRig, command: string, terminal: TerminalSize | null, env = {}): Promise<Talk> {
    const changes: Partial<DynoSpec> = { name: 'run.4711' as DynoName, env };
    return new Talk(await rig.runtime.startAttached(rig.spec(command, changes), terminal));
  }

  async sees(wanted: string | RegExp): Promise<void> {
    const isThere = (): boolean => (typeof wanted === 'string' ? this.text.includes(wanted) : wanted.test(this.text));
    try {
      await until(isThere, `${String(wanted)} is seen`);
    } catch (error) {
      throw new Error(`${String(error)}; what is seen:\n${this.text}`, { cause: error });
    }
  }

  type(text: string): void {
    this.process.input.write(text);
  }
}

describe.each(rungs)('on the %s rung', (rung) => {
  it('gives a terminal with a name, a size, colours of its own, job control and an exit status', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const talk = await Talk.start(rig, 'bash', size, { TERM: 'xterm' });
    // Without walls the machine's own shell settings replace the prompt.
    await talk.sees(rig.hasPrivatePaths ? '\u001b[01;34m~\u001b[00m \u001b[01;32m$ \u001b[00m' : '$ ');

    talk.type('tty; stty size; echo "on $DYNO"; test -t 2 && echo err is one too\n');
    await talk.sees(/\r\/dev\/pts\/\d+\r\n31 93\r\non run.4711\r\nerr is one too\r\n/);
    talk.process.resize({ columns: 132, rows: 43 });
    talk.type("trap 'echo resized' WINCH; stty size\n");
    // A resize is told to what is in the foreground, so the shell must be back there.
    await talk.sees(/\r43 132\r\n[^]*\$ /);
    talk.process.resize({ columns: 80, rows: 24 });
    await talk.sees('resized\r\n');
    const sleep = newSleep();
    talk.type(`${sleep}; echo "ended by $?"\n`);
    await until(() => isRunning(sleep), 'the command runs');
    talk.type('\u0003');
    await talk.sees(/\^C[^]*\$/);
    talk.type('echo "after $?"\n');
    await talk.sees('\rafter 130\r\n');
    talk.type('echo Grüße; exit 42\n');
    await talk.sees('\rGrüße\r\n');

    expect((await talk.process.exited).status).toBe(42);
    expect(await readdir(rig.dynosDir)).toEqual([]);
  });

  it('passes any bytes both ways through pipes, with back-pressure, and ends the input', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const process = await rig.runtime.startAttached(
      rig.spec('cat /dev/stdin; test -t 0 || echo no terminal >&2'),
      null,
    );
    const chunk = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
    const wanted = createHash('sha256');
    let accepted = 0;
    // Nobody reads yet: what is taken is what fits into the pipes between.
    for (let quiet = 0; quiet < 50;) {
      if (process.input.write(chunk)) quiet = 0;
      else {
        quiet++;
        await setImmediate();
      }
      wanted.update(chunk);
      accepted++;
      if (accepted > 400) break;
    }
    const got = createHash('sha256');
    let total = 0;
    process.input.end();
    const said: Buffer[] = [];
    for await (const part of process.output) {
      total += part.length;
      if (total <= accepted * chunk.length) got.update(part);
      else {
        const rest = total - accepted * chunk.length;
        const own = Math.min(rest, part.length);
        got.update((part as Buffer).subarray(0, part.length - own));
        said.push((part as Buffer).subarray(part.length - own));
      }
    }

    expect((await process.exited).status).toBe(0);
    expect(got.digest('hex')).toBe(wanted.digest('hex'));
    expect(Buffer.concat(said).toString()).toBe('no terminal\n');
  });

  it('signals every process, kills what does not listen, and discards the input of a command that reads none', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const polite = await Talk.start(
      rig,
      "trap 'echo hung up; exit 7' HUP; echo ready; while :; do sleep 0.05; done",
      null,
    );
    await polite.sees('ready');
    polite.process.signal('SIGHUP');
    expect((await polite.process.exited).status).toBe(7);
    expect(polite.text).toMatch(/^ready\n[^]*hung up\n$/);

    const sleep = newSleep();
    const deaf = await Talk.start(rig, `trap '' HUP TERM; echo ready; (${sleep} & ${sleep}); ${sleep}`, size);
    await deaf.sees('ready');
    deaf.process.signal('SIGHUP');
    deaf.process.input.write('x'.repeat(200_000));
    deaf.process.kill();
    expect((await deaf.process.exited).status).toBe(137);
    await until(() => !isRunning(sleep), 'nothing of it is left');
  });

  it('reports the status of a command that ends at once, all of its output, and a set-up that fails', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    for (const terminal of [size, null]) {
      const many = await Talk.start(rig, 'seq 1 50000; exit 3', terminal);
      expect((await many.process.exited).status).toBe(3);
      const lines = many.text.split(/\r?\n/);
      expect([lines.length, lines[49_999]]).toEqual([50_001, '50000']);
      const none = await Talk.start(rig, 'no-such-command', terminal);
      expect((await none.process.exited).status).toBe(127);
      expect(none.text).toContain('no-such-command: command not found');
    }
  });

  it('enters a running dyno: its processes, its files, its user, another terminal', async () => {
    await using rig = await openRuntimeRig(rung, { '.profile.d/x.sh': 'export FROM_PROFILE=yes' });
    if (rig === null) return;
    const sleep = newSleep();
    const dyno = await rig.start(`echo mine > made-at-runtime; ${sleep}`);
    await until(() => isRunning(sleep), 'the dyno runs');
    const command = 'cat made-at-runtime; id -u; tty; echo "$FROM_PROFILE $SECRET"; cat; exit 5';
    const inside = rig.runtime.enter(dyno.spec.id, { command, env: { ...dyno.spec.env, SECRET: 'red' } }, size);
    if (inside === null) throw new Error('the dyno was not found');
    const talk = new Talk(inside);
    await talk.sees(/^mine\r\n\d+\r\n\/dev\/pts\/\d+\r\nyes red\r\n/);
    expect(talk.text).toContain(`\r\n${asRoot ? dyno.spec.uid : (process.getuid?.() ?? '')}\r\n`);
    talk.type('\u0004');
    expect((await inside.exited).status).toBe(5);

    const seen = rig.runtime.enter(
      dyno.spec.id,
      {
        command: 'cat /proc/*/cmdline 2>/dev/null | tr "\\0" " "; test -e /root && echo "root is $((6 * 7))"; exit 0',
        env: {},
      },
      null,
    );
    if (seen === null) throw new Error('the dyno was not found');
    const other = new Talk(seen);
    await seen.exited;
    expect(other.text).toContain(sleep);
    expect(other.text.includes('root is 42')).toBe(!rig.hasPrivatePaths);

    await dyno.kill();
    await dyno.exited;
    expect(rig.runtime.enter(dyno.spec.id, { command: 'true', env: {} }, null)).toBeNull();
  });
});

it('ends attached dynos with the runtime and leaves no trace of them', async () => {
  await using rig = await openRuntimeRig('unshare');
  if (rig === null) return;
  const sleep = newSleep();
  const talk = await Talk.start(rig, `${sleep} & echo ready; ${sleep}`, size);
  await talk.sees('ready');
  const [folder = ''] = await readdir(rig.dynosDir);
  expect(await readFile(join(rig.dynosDir, folder, 'dyno.json'), 'utf8').catch(() => 'none')).toBe('none');
  await rig.runtime[Symbol.asyncDispose]();
  expect(await readdir(rig.dynosDir)).toEqual([]);
  await until(() => !isRunning(sleep), 'nothing of it is left');
});
