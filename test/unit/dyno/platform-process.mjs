// A platform process to be killed: adopts what is there, starts one dyno if asked to, and keeps a log as logplex would.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { openCgroups } from '../../../dist/cgroup/index.js';
import { openLocalRuntime } from '../../../dist/dyno/index.js';
import { probeSandbox } from '../../../dist/supervisor/index.js';

const { dir, slug, logFile, rung, spec } = JSON.parse(process.argv[2]);
const lastCursor = () => {
  if (!existsSync(logFile)) return null;
  const last = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1);
  return last ? JSON.parse(last).cursor : null;
};

const runtime = await openLocalRuntime({
  dir,
  groups: await openCgroups(dir),
  sandbox: await probeSandbox({ hide: [], want: rung }),
  disk: { bytes: 64 * 1024 * 1024, hasImages: false },
  slugs: { unpacked: () => Promise.resolve(slug), hold: () => () => undefined },
  onGone: () => undefined,
  onOutput: ({ cursor, bytes, droppedLines }) => {
    appendFileSync(logFile, `${JSON.stringify({ cursor, droppedLines, text: bytes.toString() })}\n`);
  },
  cursorOf: lastCursor,
  log: { info: () => undefined },
});
const adopted = await runtime.adopt();
const dyno = adopted[0] ?? (await runtime.start(spec));
process.stdout.write('running\n');
const exit = await dyno.exited;
process.stdout.write(`${JSON.stringify(exit)}\n`);
