import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { asRoot, diskBytes, openRuntimeRig, rungs, until } from './runtime-rig.ts';

const hog = (megabytes: number): string =>
  `python3 -c 'import time; b = bytearray(${megabytes} * 1024 * 1024); print("has it", flush=True); time.sleep(60)'`;

describe.each(rungs)('on the %s rung', (rung) => {
  it('ends a dyno that uses more than twice its quota, whichever of its processes does, and says which', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;

    const dyno = await rig.start(`${hog(1500)} & while sleep 0.05; do :; done`);
    const exit = await dyno.exited;

    expect(exit).toMatchObject({ status: 137, signal: 'SIGKILL' });
    expect(exit?.memoryKill?.limitBytes).toBe(1024 * 1024 * 1024);
    expect(exit?.memoryKill?.usedBytes).toBeGreaterThan(1000 * 1024 * 1024);
    expect([null, 'python3']).toContain(exit?.memoryKill?.process);
    await dyno.remove();
  });

  it('lets a dyno have all of its quota and tells what it uses; a dyno that ends otherwise was not out of memory', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;

    const dyno = await rig.start(hog(600));
    await until(() => rig.text(dyno).includes('has it'), 'it has its memory');
    const usage = await dyno.usage();
    await dyno.kill();
    const exit = await dyno.exited;

    expect(usage?.rssBytes).toBeGreaterThan(600 * 1024 * 1024);
    expect(usage?.rssBytes).toBeLessThan(700 * 1024 * 1024);
    expect(exit?.memoryKill).toBeUndefined();
    expect(await dyno.usage()).toBeNull();
    await dyno.remove();
  });

  it('bounds what a dyno writes: the kernel refuses more, or it is ended and the reason told; as attached as otherwise', async () => {
    await using rig = await openRuntimeRig(rung, {}, true);
    if (rig === null) return;
    const fill = 'for n in $(seq 150); do head -c 1M /dev/zero > "$DIR/file$n" || exit 3; done 2>&1; sleep 60';
    const nameless = 'exec 7> "$HOME/file"; rm "$HOME/file"; head -c 150M /dev/zero >&7 || exit 3; sleep 60';

    const dynos = await Promise.all([
      ...(rig.hasPrivatePaths ? [rig.start(`DIR=/tmp; ${fill}`)] : []),
      rig.start(`DIR=$HOME; ${fill}`),
      rig.start(nameless),
    ]);
    const attached = await rig.runtime.startAttached(rig.spec(`DIR=$HOME; ${fill}`), null);
    attached.output.resume();
    const exits = await Promise.all([...dynos, attached].map(({ exited }) => exited));

    const refused = { status: 3 };
    const ended = { status: 137, diskKill: { limitBytes: diskBytes } };
    for (const exit of exits) {
      expect(exit).toMatchObject(rig.hasDiskImages ? refused : ended);
      expect(exit?.diskKill?.usedBytes ?? Infinity).toBeGreaterThan(diskBytes);
    }
    const said = dynos.map((dyno) => rig.text(dyno)).join('');
    expect(said.includes('No space left on device')).toBe(rig.hasDiskImages);
    for (const dyno of dynos) await dyno.remove();
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(rig.dir);
  }, 30_000);

  it('bounds processes and the size of a file', async () => {
    await using rig = await openRuntimeRig(rung);
    if (rig === null) return;
    const bomb = `for i in $(seq 400); do sleep 30 & done 2>/dev/null; jobs -r | wc -l; kill $(jobs -p)`;

    const dyno = await rig.start(
      `ulimit -n; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1; ulimit -f; truncate -s 17G big 2>&1; ${bomb}`,
    );
    await dyno.exited;

    const [openFiles, memoryLimit, files, error, sleepers] = rig.text(dyno).split('\n');
    // Where the platform itself may have fewer, so may its dynos.
    expect(Number(openFiles)).toBeLessThanOrEqual(10_000);
    expect(Number(openFiles)).toBeGreaterThanOrEqual(1_024);
    const limitBytes = 512 * 1024 * 1024;
    expect(memoryLimit).toBe(rig.hasPrivatePaths ? String(limitBytes) : memoryLimit);
    expect(Number(files)).toBe(16 * 1024 * 1024);
    expect(error).toMatch(/File (too large|size limit exceeded)/);
    // Without a group an ordinary user's processes are counted in a user namespace, and not at all on the lowest rung.
    const isBounded = asRoot || rung !== 'process';
    expect(Number(sleepers)).toBeLessThan(isBounded ? 261 : 401);
    await dyno.remove();
  });
});
