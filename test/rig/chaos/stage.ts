import { HttpReceiver } from '../log-receivers.ts';
import { eventually, PlatformRig, type RigApp } from '../platform-rig.ts';
import { commitVersion, deployVersion } from '../versioned-app.ts';

/** What stories are played on: a platform and its apps. */
export class Stage implements AsyncDisposable {
  readonly rig: PlatformRig;
  /** Deployed once, printing numbers all the time; nobody touches it. */
  readonly bystander: RigApp;
  /** What stories deploy to. Its web dyno answers all the time; the other types are scaled up by stories. */
  readonly actor: RigApp;
  /** Takes a second to boot. */
  readonly slow: RigApp;
  /** Without web dynos: the targets of promotions. The second one refuses every release. */
  readonly heirs: readonly [RigApp, RigApp];
  readonly hooked: RigApp;
  /** Its builds wait in compile, to be killed there. */
  readonly builder: RigApp;
  readonly receiver: HttpReceiver;
  readonly pipeline: string;
  /** Of another account. */
  readonly otherToken: string;
  /** The newest version of the actor that was committed. */
  version = 1;
  /** True from the moment on in which something was killed: nobody waits for the end of a story any more. */
  isOver = false;

  private constructor(
    parts: Pick<Stage, 'rig' | 'receiver' | 'pipeline' | 'otherToken'> & { apps: readonly RigApp[] },
  ) {
    const [bystander, actor, slow, heir, refuser, hooked, builder] = parts.apps;
    if (!bystander || !actor || !slow || !heir || !refuser || !hooked || !builder) throw new Error('seven apps');
    this.rig = parts.rig;
    this.receiver = parts.receiver;
    this.pipeline = parts.pipeline;
    this.otherToken = parts.otherToken;
    this.bystander = bystander;
    this.actor = actor;
    this.slow = slow;
    this.heirs = [heir, refuser];
    this.hooked = hooked;
    this.builder = builder;
  }

  static async open(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
    const rig = await PlatformRig.start({ settings: { ...ownSettings, ...settings } });
    try {
      const names = ['bystander', 'actor', 'slow', 'heir', 'refuser', 'hooked', 'builder'];
      const apps = await Promise.all(names.map((name) => rig.createApp(name)));
      const receiver = await HttpReceiver.start();
      const other = await rig.api('POST', '/accounts', { email: 'other@example.com' });
      const { token: otherToken } = (other.json as { access_token: { token: string } }).access_token;
      const pipeline = await created(rig, '/pipelines', { name: 'line' });
      const stage = new Stage({ rig, receiver, pipeline, otherToken, apps });
      await stage.#deployAll();
      return stage;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #deployAll(): Promise<void> {
    const { rig, actor, bystander, slow, heirs } = this;
    await rig.api('PATCH', `/apps/${bystander.name}/config-vars`, { TICK_MS: '100' });
    await rig.api('PATCH', `/apps/${heirs[1].name}/config-vars`, { REFUSE: '1' });
    for (const [app, stage] of [[actor, 'staging'], ...heirs.map((heir) => [heir, 'production'] as const)] as const) {
      await created(rig, '/pipeline-couplings', { app: app.name, pipeline: this.pipeline, stage });
    }
    await deployVersion(bystander, 1);
    await deployVersion(actor, 1, { Procfile: procfile });
    await deployVersion(slow, 1, { BIND_AFTER: '1' });
  }

  /** Commits the next version of the actor, with these files over its own. */
  async commit(files: Readonly<Record<string, string>> = {}): Promise<number> {
    this.version += 1;
    await commitVersion(this.actor, this.version, { Procfile: procfile, ...files });
    return this.version;
  }

  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const answer = await this.rig.api(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.json;
  }

  /** Waits as long as the story is worth it. */
  async until(what: string, check: () => Promise<boolean>): Promise<void> {
    await eventually(what, async () => this.isOver || (await check()), 30_000);
    if (this.isOver) throw new StoryOver();
  }

  async scale(app: RigApp, type: string, quantity: number): Promise<void> {
    await this.api('PATCH', `/apps/${app.name}/formation/${type}`, { quantity });
  }

  /** Waits for a dyno to be in a state; null: for it to be gone. */
  async dynoIs(app: RigApp, name: string, state: string | null): Promise<void> {
    await this.until(`${name} ${state ?? 'gone'}`, async () => {
      const found = (await app.dynos()).find((dyno) => dyno.name === name);
      return (found?.state ?? null) === state;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.receiver[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
  }
}

/** Thrown in a story after something was killed in it. */
export class StoryOver extends Error {}

/** A release is refused where REFUSE is set; `broken` crashes at once. */
const procfile = [
  'web: exec python server.py',
  'worker: exec sleep 4931',
  'broken: sleep 0.3; exit 3',
  'release: test -z "$REFUSE"',
  '',
].join('\n');

const ownSettings = {
  HOKKU_BOOT_TIMEOUT: '20',
  HOKKU_STOP_GRACE: '2',
  HOKKU_LOOPBACK_TARGETS: 'on',
  // So that every deploy makes the last but two expire.
  HOKKU_ROLLBACK_RELEASES: '2',
  HOKKU_ROLLBACK_DAYS: '0',
};

async function created(rig: PlatformRig, path: string, body: unknown): Promise<string> {
  const answer = await rig.api('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
  return (answer.json as { id: string }).id;
}
