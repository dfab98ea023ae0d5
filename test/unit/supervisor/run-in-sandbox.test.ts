import { readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { exists } from '../../../src/lib/exists.ts';
import { startProcess } from '../../../src/lib/spawn.ts';
import { appUid, asRoot, insideUid, openSandboxRig, rungs } from './sandbox-rig.ts';

describe.each(rungs)('on the %s rung', (rung) => {
  it('gives the command its environment, folders and user, and nothing of the host', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    const odd = 'a b\n"$HOME" \\ ü \'';
    const env = { PATH: '/usr/bin:/bin', HOME: '/app', ODD: odd, LD_PRELOAD: '/nowhere/evil.so', BASH_ENV: '/nowhere' };

    const bare = await rig.run('', { argv: ['/usr/bin/env', '-0'], env });

    const home = rig.sandbox.hasPrivatePaths ? '/app' : rig.app;
    const seen = Object.fromEntries(
      bare.stdout
        .split('\0')
        .filter(Boolean)
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    expect(seen).toEqual({ ...env, HOME: home });

    const facts = await rig.run(
      'pwd; id -u; id -g; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; echo ok > /dev/stdout',
    );
    const lines = facts.stdout.split('\n');
    expect(lines.slice(0, 2)).toEqual([home, String(insideUid)]);
    expect(facts.stdout).toContain('NoNewPrivs:\t1');
    expect(facts.stdout).toContain('CapEff:\t0000000000000000');
    expect(facts.stderr).toBe('');
    expect(facts.stdout).toContain('ok\n');
  });

  it('shows no launcher, no host folder and no other process', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig?.sandbox.hasPrivatePaths !== true) return;
    const env = { PATH: '/usr/bin:/bin', HOME: '/app', SECRET: 'hunter2' };

    const seen = await rig.run(
      `cat /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | grep -v -e ^PATH= -e ^HOME= -e ^SECRET=
       tr '\\0' ' ' < /proc/1/cmdline; echo
       ls -d /root /home "${rig.dir}" /var/lib/apt /var/log 2>/dev/null
       ls -d /proc/[0-9]* | wc -l
       hostname; getent passwd "$(id -u)"
       touch /usr/x /etc/x /x 2>/dev/null && echo writable
       touch /tmp/t /dev/shm/s && ls /tmp && ls /dev | tr '\\n' ' '; echo
       ls /etc/ssl/certs | head -1 | wc -l; cat /etc/resolv.conf > /dev/null && ls /proc/self/fd | wc -l`,
      { env },
    );

    expect(seen.stderr).toBe('');
    const [cmdline, strangers, host, passwd, tmp, dev, certificates, descriptors] = seen.stdout.trim().split('\n');
    expect(cmdline).not.toContain(rig.dir);
    expect(cmdline).not.toContain('hunter2');
    expect(Number(strangers)).toBeLessThan(8);
    expect(host).toBe('test');
    expect(passwd).toMatch(new RegExp(`^app:x:${insideUid}:.*:/app:/bin/bash$`));
    expect(tmp).toBe('t');
    expect(dev?.split(' ')).toEqual(expect.arrayContaining(['fd', 'null', 'shm', 'urandom', 'pts']));
    expect(certificates).toBe('1');
    expect(Number(descriptors)).toBeLessThanOrEqual(4);
  });

  it('hides files and folders of the machine that hold secrets, by whatever path', async () => {
    const link = '/etc/os-release'; // to /usr/lib
    const folder = '/usr/share/base-files';
    await using rig = await openSandboxRig(rung, [link, folder, '/etc/no-such-key.pem']);
    if (rig?.sandbox.hasPrivatePaths !== true) return;
    expect(await readFile(link, 'utf8')).not.toBe('');
    expect(await readdir(folder)).not.toEqual([]);

    const seen = await rig.run(
      `for file in ${link} "$(readlink -f ${link})"; do cat "$file" 2> /dev/null && echo "read $file"; done; ls ${folder}; ls /etc > /dev/null`,
    );

    expect(seen).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it('shows what apt has to know of the machine, and nothing else of /var', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig?.sandbox.hasPrivatePaths !== true) return;
    const hasPackages = await exists('/var/lib/dpkg/status');

    const seen = await rig.run('find /var ! -type d; ls -A /etc/apt 2>/dev/null | grep -x sources.list');

    const expected = hasPackages ? '/var/lib/dpkg/status\nsources.list\n' : '';
    expect(seen.stdout).toBe(expected);
  });

  it('compiles and runs programs, none of which can make a user namespace by any call', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    await writeFile(join(rig.app, 'nest.c'), await readFile(join(import.meta.dirname, 'nest.c')));

    const run = await rig.run('cc -o nest -pthread nest.c && ./nest && unshare -U echo made; true');

    expect(run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^(\w+ refused\n){5,}a thread and a child\n$/),
    });
  });

  it('keeps the slug as it is and what the command wrote beside it, and leaves no mount', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    const folder = async (name: string): Promise<string> => {
      await mkdir(join(rig.dir, name));
      if (asRoot) await chown(join(rig.dir, name), appUid, appUid);
      return join(rig.dir, name);
    };
    const [lower, upper, work] = [await folder('lo,w:er'), await folder('upper'), await folder('work')];
    await writeFile(join(lower, 'old'), 'old');
    await writeFile(join(rig.dir, 'limit'), '512');

    const run = await rig.run('cat old; echo new > new; cat /etc/limits/memory 2>/dev/null; true', {
      app: { kind: 'overlay', lower, upper, work },
      mounts: [{ source: join(rig.dir, 'limit'), target: '/sys/fs/limit', writable: false }],
    });

    expect(run).toMatchObject({ exitCode: 0, stdout: 'old', stderr: '' });
    expect(await readdir(lower)).toEqual(['old']);
    expect(await readFile(join(upper, 'new'), 'utf8')).toBe('new\n');
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(rig.dir);
  });

  it.each([
    ['exit 0', 0],
    ['exit 7', 7],
    ['no-such-command', 127],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
  ])('reports the status of `%s`', async (script, exitCode) => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;

    const run = await rig.run(script);

    expect(run).toMatchObject({ exitCode, endedBy: 'exit' });
  });

  it('ends with the main process and kills the daemons it left, who hold its output open', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    const mark = markOf(rung);

    const run = await rig.run(
      `(trap '' TERM HUP; setsid bash -c 'exec -a ${mark} sleep 600' & ) ; setsid setsid bash -c "exec -a ${mark} sleep 600" & echo done`,
    );

    expect(run).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    expect(processesNamed(mark)).toEqual([]);
  });

  it('kills a tree that forks and ignores signals when time is up, or on abort', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    const mark = markOf(rung);
    const bomb = `trap '' TERM; f() { for i in 1 2 3 4 5 6; do (trap '' TERM; setsid bash -c 'exec -a ${mark} sleep 600' & exec -a ${mark} sleep 600) & done; }; while true; do f; sleep 0.05; done`;

    const started = performance.now();
    const timedOut = await rig.run(bomb, {}, { timeoutMs: 500 });
    expect(timedOut).toMatchObject({ exitCode: 137, endedBy: 'timeout' });
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(processesNamed(mark)).toEqual([]);

    const abort = new AbortController();
    const running = rig.run(
      `echo started; exec -a ${mark} sleep 600`,
      {},
      {
        signal: abort.signal,
        onStdout: () => {
          abort.abort();
        },
      },
    );
    expect(await running).toMatchObject({ exitCode: 137, endedBy: 'abort' });
    expect(processesNamed(mark)).toEqual([]);
  });

  it('dies with the platform, whatever it has started', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    const mark = markOf(rung);
    const command = {
      argv: ['/bin/bash', '-c', `(setsid bash -c 'exec -a ${mark} sleep 600' &); echo up; exec -a ${mark} sleep 600`],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/app',
      uid: appUid,
      app: { kind: 'bind', dir: rig.app },
      tmpDir: join(rig.dir, 'tmp'),
      mounts: [],
      hostname: 'test',
    };
    const program = join(import.meta.dirname, 'build-process.mjs');
    const platform = startProcess(process.execPath, [program, JSON.stringify({ rung, command })], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { TMPDIR: rig.dir },
    });
    await new Promise((resolve) => platform.stdout?.once('data', resolve));
    await until(() => processesNamed(mark).length === 2, 'both are running');

    platform.kill('SIGKILL');

    await until(() => processesNamed(mark).length === 0, 'nothing is left');
    expect(processesNamed(mark)).toEqual([]);
  });

  it('hands on every byte of much output, however slowly it is read', async () => {
    await using rig = await openSandboxRig(rung);
    if (rig === null) return;
    let bytes = 0;

    const run = await rig.run(
      'head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2',
      {},
      {
        onStdout: (chunk) => (bytes += chunk.length),
        onStderr: (chunk) => (bytes += chunk.length),
      },
    );

    expect(run.exitCode).toBe(0);
    expect(bytes).toBe(8_000_000);
  });
});

function markOf(rung: string): string {
  return `hokku-test-${rung}-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

function processesNamed(mark: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(mark);
      } catch {
        return false;
      }
    });
}

async function until(check: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
