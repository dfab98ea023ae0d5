import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PlatformRig } from '../rig/platform-rig.ts';
import { receiverCertificate } from '../rig/receiver-certificate.ts';
import { tinyApp } from '../rig/tiny-app.ts';

/** Hosts that nobody has: RFC 2606. */
const files = {
  'downloads.example/tools/v1/tool.sh': 'echo "       the tool of v1 runs"\n',
  'downloads.example/latest?arch=amd64': 'latest for amd64\n',
  'downloads.example/index.html': 'what there is\n',
  'packages.example:8443/list': 'on a port of its own\n',
};
let dir: string;
let upstream: Server;
let asked: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-mirror-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, 'mirror', path)), { recursive: true });
    await writeFile(join(dir, 'mirror', path), text);
  }
  await mkdir(join(dir, 'recorded'));
  await writeFile(join(dir, 'secret'), 'nothing for builds\n');
  const { certificate } = await receiverCertificate(join(dir, 'tls'));
  asked = [];
  upstream = createServer(certificate, (request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/gone') response.writeHead(410).end();
    else response.end(`told of ${request.url ?? ''}\n`);
  });
  await new Promise<void>((resolve) => upstream.listen(0, 'localhost', resolve));
});

afterAll(async () => {
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

/** An app with a buildpack of its own, which runs these commands. */
function appThat(...commands: readonly string[]): Record<string, string> {
  const { Procfile: _none, ...app } = tinyApp('v1');
  return {
    ...app,
    '.buildpacks': './ours\n',
    'ours/bin/detect': '#!/bin/sh\necho Ours\n',
    'ours/bin/compile': ['#!/bin/bash', 'set -e', ...commands].join('\n'),
    'ours/bin/release': "#!/bin/sh\nprintf -- '---\\ndefault_process_types:\\n  web: exec python3 server.py\\n'\n",
  };
}

/** Without what git adds to the lines of the other side. */
const asPrinted = (output: string): string => output.replace(/^remote: /gm, '').replace(/ +$/gm, '');

it('builds with what the mirror has of hosts that do not exist, and says what it has not', async () => {
  await using rig = await PlatformRig.start({ settings: { HOKKU_MIRROR: join(dir, 'mirror') } });
  const app = await rig.createApp('mirrored');
  await app.write(
    appThat(
      'curl -fsS --retry 3 https://downloads.example/tools/v1/tool.sh | sh',
      'curl -fsS "https://downloads.example/latest?arch=amd64"',
      'curl -fsS "http://downloads.example/tools/v1/tool.sh?token=x" -o tool && wc -c < tool',
      'curl -fsS https://downloads.example/',
      'curl -fsS https://packages.example:8443/list',
      'curl -fsSI https://downloads.example/ | tr -d "\\r" | grep -i content-length',
      'curl -sS --path-as-is https://downloads.example/../../secret',
      'curl -sS https://downloads.example/..%2f..%2fsecret',
      'curl -sS -w "status %{http_code}\\n" https://downloads.example/tools/v2/tool.sh',
      'curl -sS -w "status %{http_code}\\n" https://downloads.example/tools',
      'curl -sS -w "status %{http_code}\\n" -d x=1 https://downloads.example/latest',
      'curl -sS https://elsewhere.example/ 2>&1 || echo "curl ended with $?"',
      `grep -c "BEGIN CERTIFICATE" "$CURL_HOME/ca.pem" > /dev/null`,
    ),
  );
  await app.commit('mirrored');

  const { exitCode, output } = await app.push();

  const text = asPrinted(output);
  expect([exitCode, text]).toEqual([0, expect.stringContaining('the tool of v1 runs')]);
  for (const line of ['latest for amd64', 'what there is', 'on a port of its own', 'status 405', 'ended with 6'])
    expect(text).toContain(line);
  expect(text).toMatch(/content-length: 14/i);
  expect(text).toContain(`${files['downloads.example/tools/v1/tool.sh'].length}\n`);
  expect(text).toContain('has no downloads.example/tools/v2/tool.sh. Its operator can put it there (HOKKU_MIRROR)');
  expect(text.match(/status 404/g)).toHaveLength(2);
  expect(text).not.toContain('nothing for builds');
  expect((await app.get()).status).toBe(200);
});

it('records what builds download, once, and serves it when it is gone', async () => {
  const { port } = upstream.address() as AddressInfo;
  const origin = `https://localhost:${port}`;
  const recorded = join(dir, 'recorded');
  const settings = {
    HOKKU_MIRROR: recorded,
    HOKKU_PRIVATE_SOURCES: origin,
    NODE_EXTRA_CA_CERTS: join(dir, 'tls', 'ca.pem'),
  };
  const build = appThat(
    `curl -fsS ${origin}/a/tool.tgz`,
    `curl -fsS ${origin}/a/tool.tgz`,
    `curl -fsS "${origin}/a/tool.tgz?signature=$(printf 'x%.0s' {1..300})" | cut -c 1-20`,
    `curl -sS -w "status %{http_code}\\n" ${origin}/gone`,
    'curl -sS -w "status %{http_code}\\n" https://127.0.0.1:1/ https://10.0.0.1/ || true',
  );
  const push = async (rig: PlatformRig, name: string): Promise<string> => {
    const app = await rig.createApp(name);
    await app.write(build);
    await app.commit(name);
    return asPrinted((await app.push()).output);
  };

  {
    await using rig = await PlatformRig.start({ settings: { ...settings, HOKKU_MIRROR_MODE: 'record' } });
    const output = await push(rig, 'recording');
    expect(output.match(/told of \/a\/tool.tgz\n/g)).toHaveLength(2);
    expect(output).toContain('status 410');
    expect(output).not.toContain('status 200');
  }
  expect(asked).toEqual(['/a/tool.tgz', expect.stringContaining('?signature='), '/gone']);
  expect(await readFile(join(recorded, `localhost:${port}`, 'a/tool.tgz'), 'utf8')).toBe('told of /a/tool.tgz\n');
  upstream.closeAllConnections();

  await using rig = await PlatformRig.start({ settings });
  const output = await push(rig, 'replaying');
  expect(output.match(/told of \/a\/tool.tgz\n/g)).toHaveLength(2);
  expect(output).toContain('told of /a/tool.tgz?');
  expect(output).toContain('status 404');
  expect(asked).toHaveLength(3);
});
