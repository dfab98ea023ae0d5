import { eventually, type RigApp } from './platform-rig.ts';
import { commitVersion } from './versioned-app.ts';

/** A push that must not go live. Resolves with what it printed; `says` is what the pusher must read. */
export interface BrokenDeploy {
  readonly name: string;
  readonly says: RegExp;
  readonly push: (app: RigApp, version: number) => Promise<string>;
}

const web = 'web: exec python server.py\n';

/** In the order in which a long run takes them; the last one waits for the boot timeout. */
export const brokenDeploys: readonly BrokenDeploy[] = [
  broken('build fails', /failed to compile|pre_compile/i, { 'bin/pre_compile': '#!/bin/sh\necho no luck\nexit 1\n' }),
  broken('release command fails', /release command exited with status 7/, { Procfile: `${web}release: exit 7\n` }),
  broken('boot crashes', /did not come up/, { Procfile: 'web: echo no database && exit 3\n' }),
  broken('Procfile is broken', /did not come up/, { Procfile: "web: exec 'python server.py\n" }),
  { name: 'build is cancelled', says: /the build was cancelled/, push: pushAndCancel },
  { name: 'push is hostile', says: /^refused: /, push: pushHostile },
  broken('boot never binds', /did not bind to \$PORT in time/, { BIND_AFTER: '600' }),
];

function broken(name: string, says: RegExp, files: Readonly<Record<string, string>>): BrokenDeploy {
  const push = async (app: RigApp, version: number): Promise<string> => {
    await commitVersion(app, version, files);
    return (await app.push()).output;
  };
  return { name, says, push };
}

async function pushAndCancel(app: RigApp, version: number): Promise<string> {
  await commitVersion(app, version, { 'bin/pre_compile': '#!/bin/sh\necho compiling\nsleep 300\n' });
  const push = app.startPush();
  await eventually('the build', () => Promise.resolve(push.output().includes('compiling')));
  const newest = await app.rig.api('GET', `/apps/${app.name}/builds`, undefined, {
    range: 'started_at ..; order=desc, max=20',
  });
  const builds = newest.json as readonly { readonly id: string; readonly status: string }[];
  const build = builds.find(({ status }) => status === 'pending');
  const answer = await app.rig.api('DELETE', `/apps/${app.name}/builds/${build?.id ?? ''}`);
  if (answer.status !== 200) throw new Error(`cancelling was answered with ${answer.status}: ${answer.body}`);
  return (await push.result).output;
}

/** Commands that no git client sends: a ref outside of the repository, moved to a commit that is not there. */
async function pushHostile(app: RigApp, version: number): Promise<string> {
  await commitVersion(app, version);
  const head = (await app.git('rev-parse', 'HEAD')).trim();
  const line = `${'0'.repeat(40)} ${head} refs/heads/../../../hostile-${version}\0 report-status`;
  const length = (line.length + 4).toString(16).padStart(4, '0');
  const pack = await app.gitWithInput(`${head}\n`, 'pack-objects', '--revs', '--stdout', '-q');
  const { status, body } = await app.rig.request('127.0.0.1', `/${app.name}.git/git-receive-pack`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`x:${app.rig.token}`).toString('base64')}`,
      'content-type': 'application/x-git-receive-pack-request',
    },
    body: Buffer.concat([Buffer.from(`${length}${line}0000`), pack]),
  });
  const isRefused = status !== 200 || /^[0-9a-f]{4}ng /m.test(body);
  return `${isRefused ? 'refused' : 'accepted'}: ${status} ${body}`;
}
