import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listen } from '../rig/machine-service.ts';
import { eventually, PlatformRig, sandboxSetting } from '../rig/platform-rig.ts';
import { tinyApp } from '../rig/tiny-app.ts';

const { HOKKU_SANDBOX: choice } = sandboxSetting();
const hasNft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].some((file) => existsSync(file));
const canHave = hasNft && process.getuid?.() === 0 && choice !== 'process' && choice !== 'none';
// Without root and nft there is no network of its own to be tested.
const itIfPossible = canHave ? it : it.skip;

/** Connects from inside of the dyno, and says what came of it. */
const caller = `
import socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), 5).close()
        print('call', place, 'done')
    except OSError as error:
        print('call', place, type(error).__name__)
`;

itIfPossible(
  'opens what the operator allows, outlives the platform, and is gone with it',
  async () => {
    await using closed = await listen('127.0.0.1');
    await using open = await listen('127.0.0.1');
    const settings = { HOKKU_ISOLATION: 'strict', HOKKU_NETWORK_ALLOW: `127.0.0.1:${open.port}` };
    await using rig = await PlatformRig.start({ settings });
    const app = await rig.createApp();
    const places = [`127.0.0.1:${open.port}`, `127.0.0.1:${closed.port}`, '169.254.169.254:80', '10.255.254.253:9'];
    await app.write({
      ...tinyApp('1', `web: python call.py ${places.join(' ')}; exec python server.py\n`),
      'call.py': caller,
    });
    await app.commit();
    expect(await app.push()).toMatchObject({ exitCode: 0 });

    const calls = await eventually('the end of the calls', async () => {
      const lines = (await app.logs({ dyno: 'web.1' })).flatMap((line) => /call (.+)$/.exec(line)?.[1] ?? []);
      return lines.length === places.length && lines;
    });
    expect(calls).toEqual(places.map((place, n) => `${place} ${n === 0 ? 'done' : 'ConnectionRefusedError'}`));
    const before = await addresses(rig);
    const bridge = bridgeOf(before[0] ?? '');

    await rig.killServer();
    expect(await app.get()).toMatchObject({ status: 200 });
    await rig.startServer();
    expect(await app.get()).toMatchObject({ status: 200 });
    expect(await addresses(rig)).toEqual(before);
    expect(bridgeOf(before[0] ?? '')).toBe(bridge);

    await rig.interruptServer();
    await eventually('the end of its network', () => {
      const left = `${output('ip', 'link')}${output('nft', 'list', 'tables')}`;
      return Promise.resolve(!left.includes(bridge) && !left.includes(bridge.replace('-', '_')));
    });
  },
  90_000,
);

/** Of the dynos that run. */
async function addresses(rig: PlatformRig): Promise<readonly string[]> {
  const ids = await readdir(join(rig.dataDir, 'dynos'));
  const texts = await Promise.all(ids.map((id) => readFile(join(rig.dataDir, 'dynos', id, 'dyno.json'), 'utf8')));
  return texts.map((text) => (JSON.parse(text) as { address: string }).address).sort();
}

function bridgeOf(address: string): string {
  return / dev (hokku-[0-9a-f]{8}) /.exec(output('ip', 'route', 'get', address))?.[1] ?? '';
}

function output(file: string, ...args: readonly string[]): string {
  return spawnSync(file, args, { encoding: 'utf8', env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } }).stdout;
}
