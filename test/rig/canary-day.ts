import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canaryMark, CanarySearch, type Canary } from './canaries.ts';
import { HttpReceiver } from './log-receivers.ts';
import { PlatformRig, type RigApp } from './platform-rig.ts';
import { createLogin, type Postgres } from './postgres.ts';
import { watchProcesses, type ProcessSecrets } from './process-secrets.ts';
import { recordAnswers, type RecordedAnswer } from './recorded-answers.ts';
import { tarball } from './tarball.ts';
import { tinyApp } from './tiny-app.ts';

/** A platform through whose doors secrets go in, with everything that comes out of it recorded. */
export class CanaryDay implements AsyncDisposable {
  readonly rig: PlatformRig;
  readonly app: RigApp;
  /** A folder of the operator's, for backups. */
  readonly shelf: string;
  /** Of drains and webhooks. */
  readonly receiver: HttpReceiver;
  readonly watched: ProcessSecrets;
  /** Secrets that the platform makes itself. */
  readonly made: Canary[] = [];
  /** What commands of operators and pushers printed, by what they were. */
  readonly printed: { readonly what: string; readonly text: string }[] = [];
  readonly #answers: readonly RecordedAnswer[];
  readonly #sources: Server;
  readonly #database: Postgres | null;

  private constructor(
    parts: Pick<CanaryDay, 'rig' | 'app' | 'shelf' | 'receiver' | 'watched'>,
    answers: readonly RecordedAnswer[],
    sources: Server,
    database: Postgres | null,
  ) {
    this.rig = parts.rig;
    this.app = parts.app;
    this.shelf = parts.shelf;
    this.receiver = parts.receiver;
    this.watched = parts.watched;
    this.#answers = answers;
    this.#sources = sources;
    this.#database = database;
  }

  /** On SQLite, or on a server where the platform's user has this password. The caller ends the server. */
  static async begin(database: { readonly server: Postgres; readonly password: string } | null): Promise<CanaryDay> {
    const shelf = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
    const sources = await serveSources();
    const rig = await PlatformRig.start({
      settings: {
        HOKKU_BOOT_TIMEOUT: '10',
        HOKKU_STOP_GRACE: '1',
        HOKKU_LOG_LEVEL: 'trace',
        HOKKU_PRIVATE_SOURCES: `http://127.0.0.1:${portOf(sources)}`,
        ...(database === null
          ? {}
          : { HOKKU_DATABASE_URL: await createLogin(database.server, 'canary', database.password) }),
      },
    });
    const answers = recordAnswers(rig);
    const watched = watchProcesses((environment) =>
      [rig.home, rig.token, canaryMark].some((text) => environment.includes(text)),
    );
    const receiver = await HttpReceiver.start();
    const app = await rig.createApp('canary');
    const day = new CanaryDay({ rig, app, shelf, receiver, watched }, answers, sources, database?.server ?? null);
    day.made.push({ name: "operator's token", text: rig.token });
    await day.noteSecretKey('secret key');
    return day;
  }

  /** Where a build can have its source from: `/good.tgz`; every other path is answered with 500. */
  get sourcePort(): number {
    return portOf(this.#sources);
  }

  async noteSecretKey(name: string): Promise<void> {
    const key = (await readFile(join(this.rig.dataDir, 'secret-key'), 'utf8')).trim();
    const bytes = Buffer.from(key, /^[0-9a-f]{64}$/.test(key) ? 'hex' : 'base64');
    this.made.push({ name, text: bytes.toString('latin1') });
  }

  /** One call of the API; throws when its status is another one. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    status = 200,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const answer = await this.rig.api(method, path, body, headers);
    if (answer.status === status) return answer.json;
    throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${answer.body}`);
  }

  /** Looks for these canaries, and those that the platform made, in everything that was recorded or is on its disk. */
  search(canaries: readonly Canary[]): CanarySearch {
    const search = new CanarySearch([...canaries, ...this.made]);
    search.look("platform's log", this.rig.platformLog);
    for (const { question, status, text } of this.#answers) search.look(`answer ${question} ${status}`, text);
    for (const { what, text } of this.printed) search.look(`output of ${what}`, text);
    const { commandLines, environments } = this.watched;
    for (const command of commandLines) search.look(`command line ${command.slice(0, 80)}`, command);
    for (const [process, environment] of environments) search.look(`environment of ${process}`, environment);
    for (const { path, body } of this.receiver.requests) search.look(`sent to ${path.slice(0, 6)}`, body);
    search.lookInFolder('data', this.rig.dataDir);
    search.lookInFolder('tmp', join(this.rig.home, 'tmp'));
    search.lookInFolder('shelf', this.shelf);
    if (this.#database !== null) search.lookInFolder('database', this.#database.dir);
    return search;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watched[Symbol.asyncDispose]();
    await this.receiver[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
    this.#sources.closeAllConnections();
    this.#sources.close();
    await rm(this.shelf, { recursive: true, force: true });
  }
}

async function serveSources(): Promise<Server> {
  const manifest = JSON.stringify({ name: 'Canary', env: { SECRET: { required: true } } });
  const good = await tarball({ ...tinyApp('blob'), 'app.json': manifest });
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/good') === true) response.end(good);
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
