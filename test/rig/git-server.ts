import { spawn as nodeSpawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { spawn } from '../../src/lib/spawn.ts';
import type { CommitId } from '../../src/model/ids.ts';

export interface GitServer extends AsyncDisposable {
  readonly url: string;
  readonly authorizations: readonly (string | undefined)[];
  /** Set: it hangs up on everybody. */
  isDown: boolean;
  /** Makes a repository with one commit, or one more commit in it, gitlinks included. */
  repo(
    name: string,
    files: Readonly<Record<string, string>>,
    links?: readonly (readonly [string, string])[],
  ): Promise<CommitId>;
}

const env = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Bob',
  GIT_AUTHOR_EMAIL: 'bob@example.com',
  GIT_COMMITTER_NAME: 'Bob',
  GIT_COMMITTER_EMAIL: 'bob@example.com',
};

/** Someone else's git host on loopback: asks for a password and takes any, unless it is open. What ends with .tgz it sends as it is. */
export async function startGitServer(root: string, { isOpen = false } = {}): Promise<GitServer> {
  const authorizations: (string | undefined)[] = [];
  const state = { isDown: false };
  const server = createServer((request, response) => {
    if (state.isDown) {
      request.socket.destroy();
      return;
    }
    authorizations.push(request.headers.authorization);
    if (!isOpen && request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (path.endsWith('.tgz')) {
      createReadStream(join(root, path))
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
      return;
    }
    const child = nodeSpawn('git', ['http-backend'], {
      env: {
        ...env,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? '',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      for (const line of all.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    authorizations,
    get isDown() {
      return state.isDown;
    },
    set isDown(isDown: boolean) {
      state.isDown = isDown;
    },
    async repo(name, files, links = []) {
      const dir = join(root, name);
      await mkdir(dir, { recursive: true });
      const git = async (...args: string[]): Promise<string> => {
        const result = await spawn('git', args, { cwd: dir, env });
        if (result.exitCode !== 0) throw new Error(result.stderr);
        return result.stdout.toString().trim();
      };
      await git('init', '-q', '-b', 'main');
      for (const [file, content] of Object.entries(files)) {
        await mkdir(dirname(join(dir, file)), { recursive: true });
        await writeFile(join(dir, file), content);
      }
      await git('add', '-A');
      for (const [path, id] of links) await git('update-index', '--add', '--cacheinfo', `160000,${id},${path}`);
      await git('commit', '-q', '-m', 'one');
      return (await git('rev-parse', 'HEAD')) as CommitId;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
