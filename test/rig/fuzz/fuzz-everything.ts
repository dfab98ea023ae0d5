import { readFile } from 'node:fs/promises';
import { PlatformRig } from '../platform-rig.ts';
import { fuzzApi, fuzzConnections, fuzzReceiver, isWell } from './fuzz-doors.ts';
import { fuzzTarballs, fuzzTexts } from './fuzz-files.ts';
import { fuzzRouter } from './fuzz-router.ts';
import { Random } from './random.ts';

/** Far from what a platform with one app needs, near to what a leak would take. */
const maxRssBytes = 700 * 1024 ** 2;

/** What went wrong, by what was tried; nothing is told of what held. */
export async function fuzzEverything(
  seed: number,
  rounds: number,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const random = new Random(seed);
  const files = {
    texts: fuzzTexts(rounds * 5, random),
    tarballs: await fuzzTarballs(Math.ceil(rounds / 2), random),
    router: await fuzzRouter(rounds, random),
  };
  await using rig = await PlatformRig.start();
  const app = await rig.createApp('fuzz');
  await app.write({ 'readme.txt': 'hello\n' });
  await app.commit();
  const door = { rig, app, random };
  const { pid } = rig;
  const doors = {
    receiver: await fuzzReceiver(rounds, door),
    api: await fuzzApi(rounds, door),
    connections: await fuzzConnections(Math.ceil(rounds / 2), door),
  };
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  const all = { ...files, ...doors, afterwards: await isWell(door, pid, maxRssBytes, rss) };
  return Object.fromEntries(Object.entries(all).filter(([, wrong]) => wrong.length > 0));
}
