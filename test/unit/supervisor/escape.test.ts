import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type ListenOptions, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  probeSandbox,
  runInSandbox,
  SandboxUnavailableError,
  type Sandbox,
  type SandboxRung,
} from '../../../src/supervisor/index.ts';
import { attempts, expectedAnswer, tableRows } from '../../rig/escape/attempts.ts';
import { machineAddress } from '../../rig/escape/machine-address.ts';
import { compileEscape } from '../../rig/escape/compile-escape.ts';

const appUid = 64_998;
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const rungs: readonly SandboxRung[] = ['bwrap', 'unshare', 'process'];
const sandboxes = (await Promise.all(rungs.map(sandboxOf))).filter((sandbox) => sandbox !== null);

let dir: string;
let server: Server;
let onAll: Server;
let control: Server;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-escape-'));
  await chmod(dir, 0o711);
  await writeFile(join(dir, 'secret'), 'secret\n', { mode: 0o600 });
  await compileEscape(join(dir, 'escape'));
  await writeFile(join(dir, 'note'), 'note\n', { mode: 0o644 });
  [server, onAll, control] = await Promise.all([
    listen({ port: 0, host: '127.0.0.1' }),
    listen({ port: 0, host: '0.0.0.0' }),
    listen({ path: join(dir, 'control.sock') }),
  ]);
});

afterAll(async () => {
  for (const one of [server, onAll, control]) one.close();
  await rm(dir, { recursive: true, force: true });
});

it.each(sandboxes)('denies on the rung $rung what the table says, and no less', async (sandbox) => {
  const answers = await tryToEscape(sandbox);

  const expected = attempts.map((attempt) => `${attempt.name}\t${expectedAnswer(attempt, sandbox.rung, false)}`);
  expect(answers).toEqual(expected);
});

it('describes in docs/isolation.md the same answers', async () => {
  const page = await readFile(join(repository, 'docs/isolation.md'), 'utf8');

  const rows = page.split('\n').map((line) => line.replace(/ +/g, ' '));
  expect(rows.filter((row) => /\| (denied|done) \|$/.test(row))).toEqual(tableRows());
});

/** One line per attempt, as escape.c prints them, and one for its daemon. */
async function tryToEscape(sandbox: Sandbox): Promise<readonly string[]> {
  const [app, tmp] = [join(dir, `${sandbox.rung}-app`), join(dir, `${sandbox.rung}-tmp`)];
  for (const folder of [app, tmp]) {
    await mkdir(folder);
    if (process.getuid?.() === 0) await chown(folder, appUid, appUid);
  }
  const program = join(app, 'escape');
  await writeFile(program, await readFile(join(dir, 'escape')), { mode: 0o755 });
  let said = '';
  const hear = (chunk: Buffer) => {
    said += chunk.toString();
  };
  const [port, otherPort] = [server, onAll].map((one) => String((one.address() as AddressInfo).port));
  const targets = [port ?? '', otherPort ?? '', machineAddress(), '127.0.0.1', port ?? ''];
  const others = [join(dir, 'control.sock'), join(dir, 'note'), String(process.pid)];
  const command = {
    argv: ['./escape', join(dir, 'secret'), String(process.pid), ...targets, ...others],
    env: { PATH: '/usr/bin:/bin', HOME: '/app' },
    cwd: '/app',
    uid: appUid,
    app: { kind: 'bind', dir: app },
    tmpDir: tmp,
    mounts: [],
    hostname: 'escape',
  } as const;
  await runInSandbox(sandbox, command, { onStdout: hear, onStderr: hear, timeoutMs: 40_000 });
  const atEnd = (await stat(join(app, 'alive'))).size;
  // The daemon writes every 20 ms.
  await delay(500);
  const lives = (await stat(join(app, 'alive'))).size > atEnd;
  return [...said.trim().split('\n'), `daemon\t${lives ? 'done' : 'denied'}`];
}

async function listen(where: ListenOptions): Promise<Server> {
  const one = createServer((socket) => socket.destroy()).listen(where);
  await new Promise((resolve) => one.once('listening', resolve));
  return one;
}

async function sandboxOf(want: SandboxRung): Promise<Sandbox | null> {
  try {
    return await probeSandbox({ hide: [], want });
  } catch (error) {
    if (error instanceof SandboxUnavailableError) return null;
    throw error;
  }
}
