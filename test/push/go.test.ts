import { expect, it } from '@jest/globals';
import { GoToolchains } from '../rig/go-toolchains.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

/** What the stand-in for the compiler makes of the app. */
const program = [
  '#!/usr/bin/python3',
  'import http.server, os',
  'class Handler(http.server.BaseHTTPRequestHandler):',
  '    def do_GET(self):',
  '        self.send_response(200)',
  '        self.end_headers()',
  '        self.wfile.write(os.environ["DYNO"].encode())',
  'http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()',
  '',
].join('\n');

it('builds a Go app with a compiler of the module proxy, runs its program, and builds nothing when nothing has changed', async () => {
  await using toolchains = await GoToolchains.create();
  await toolchains.publish('1.24.2');
  const address = await toolchains.serve();
  await using rig = await PlatformRig.start({
    settings: {
      GO_DOWNLOAD_MIRROR: `${address}/no-releases`,
      GOPROXY: `${address},direct`,
      GOSUMDB: `sum.golang.org ${address}/nowhere`,
    },
  });
  const app = await rig.createApp();
  await app.write({ 'go.mod': 'module example.com/web\n\ngo 1.24\n', 'main.go': 'package main\n', program });
  await app.commit('first');

  const first = await app.push();
  expect(first.remoteLines).toEqual(
    expect.arrayContaining([
      '-----> Go app detected',
      '-----> Installing Go 1.24.2 (the Go module proxy)',
      '       Default types for buildpack -> web',
    ]),
  );
  expect((await app.get()).body).toBe('web.1');

  await app.commit('nothing new');
  const second = await app.push();
  expect(second.remoteLines).toEqual(
    expect.arrayContaining([
      '-----> Using Go 1.24.2 of the last build',
      '-----> Nothing has changed since the last build: using its programs',
    ]),
  );
  expect((await app.get()).body).toBe('web.1');
});
