import { brokenDeploys } from './broken-deploys.ts';
import { checkFootprint } from './check-footprint.ts';
import { DeployHistory } from './deploy-history.ts';
import { footprint, processFootprints, type Footprint } from './footprint.ts';
import { Load, type LoadReport } from './load.ts';
import { eventually, type PlatformRig, type RigApp } from './platform-rig.ts';
import { expectNoRemains } from './remains.ts';
import { answerOf, deployVersion } from './versioned-app.ts';

export interface DeploySchedule {
  readonly deploys: number;
  /** Every so many deploys, one is broken, in turn in another way. */
  readonly brokenEvery: number;
  /** Every so many deploys: a config change, a restart, a rollback, a scaling, in turn. */
  readonly changeEvery: number;
  /** Every so many deploys, everything is measured. */
  readonly checkEvery: number;
  /** Bytes of each slug that nothing compresses, so that slugs fill the quota. */
  readonly noiseBytes: number;
  readonly progress: (line: string) => void;
}

export interface DeployFigures {
  readonly seconds: number;
  readonly broken: number;
  readonly changes: number;
  readonly load: LoadReport;
  /** Before the first deploy under load, and after the last. */
  readonly before: Footprint;
  readonly after: Footprint;
  readonly mostBytes: number;
  /** One pair for every deploy. */
  readonly memory: readonly { readonly controlPlane: number; readonly router: number }[];
}

interface State {
  readonly release: number;
  readonly version: number;
  readonly stamp: number;
}

/** Deploys one app of two dynos again and again under constant load. Throws at the first thing that is not as it must be. */
export class ManyDeploys {
  readonly #rig: PlatformRig;
  readonly #app: RigApp;
  readonly #schedule: DeploySchedule;
  readonly #history = new DeployHistory();
  readonly #states: State[] = [];
  readonly #memory: DeployFigures['memory'][number][] = [];
  #stamp = 0;
  #newestStamp = 0;
  #broken = 0;
  #changes = 0;
  #mostBytes = 0;
  #doing = 'the first deploy';

  constructor(app: RigApp, schedule: DeploySchedule) {
    this.#rig = app.rig;
    this.#app = app;
    this.#schedule = schedule;
  }

  /** An error tells at which deploy, and how the logs end. */
  async run(): Promise<DeployFigures> {
    try {
      return await this.#run();
    } catch (error) {
      const log = await this.#logs().catch((reason: unknown) => [`no log: ${String(reason)}`]);
      const platform = this.#rig.platformLog.slice(-3_000);
      const text = `at ${this.#doing}: ${String(error)}\n--- app's log\n${log.join('\n')}\n--- platform's log\n${platform}`;
      throw new Error(text, { cause: error });
    }
  }

  async #run(): Promise<DeployFigures> {
    const { deploys, checkEvery, progress } = this.#schedule;
    await this.#begin();
    const before = await footprint(this.#rig);
    await using load = new Load(this.#app, { order: this.#history.order });
    const startedAt = performance.now();
    const secondsSoFar = (): number => (performance.now() - startedAt) / 1000;
    for (let n = 1; n <= deploys; n += 1) {
      await this.#one(n, load);
      const { controlPlane, router } = processFootprints(this.#rig);
      this.#memory.push({ controlPlane: controlPlane.rssBytes, router: router.rssBytes });
      if (n % checkEvery === 0) progress(await this.#check(n, load.soFar, before, secondsSoFar()));
    }
    const seconds = secondsSoFar();
    this.#doing = 'the end';
    const report = await load.stop();
    expectFlawless(report);
    const after = await this.#settle(before);
    const counts = { broken: this.#broken, changes: this.#changes, mostBytes: this.#mostBytes };
    return { seconds, ...counts, load: report, before, after, memory: this.#memory };
  }

  /** Without requests, of which there are hundreds a second. */
  async #logs(): Promise<readonly string[]> {
    return (await this.#app.logs()).filter((line) => !line.includes('heroku[router]')).slice(-30);
  }

  async #begin(): Promise<void> {
    this.#history.begin(1, 0);
    await deployVersion(this.#app, 1, this.#noise());
    await this.#scale(2);
    await this.#note(1);
  }

  async #one(n: number, load: Load): Promise<void> {
    const { brokenEvery, changeEvery } = this.#schedule;
    const version = n + 1;
    if (n % brokenEvery === 0) await this.#deployBroken(version);
    else await this.#deploy(version, load);
    if (n % changeEvery !== 1) return;
    const changes = [this.#changeConfig, this.#restart, this.#rollBack, this.#rescale];
    await changes[this.#changes % changes.length]?.call(this, load);
    this.#changes += 1;
  }

  async #deploy(version: number, load: Load): Promise<void> {
    this.#doing = `version ${version}`;
    const place = this.#history.begin(version, this.#stamp);
    await deployVersion(this.#app, version, this.#noise());
    load.expect(place);
    await this.#note(version);
  }

  async #deployBroken(version: number): Promise<void> {
    const kind = brokenDeploys[this.#broken % brokenDeploys.length];
    if (kind === undefined) throw new Error('nothing is broken');
    this.#broken += 1;
    this.#doing = `version ${version}, whose ${kind.name}`;
    this.#history.begin(version, this.#stamp, false);
    const output = await kind.push(this.#app, version);
    if (!kind.says.test(output)) throw new Error(`it ended so: ${output}`);
    this.#history.abandon();
  }

  async #changeConfig(load: Load): Promise<void> {
    this.#doing = 'a config change';
    this.#newestStamp += 1;
    this.#stamp = this.#newestStamp;
    const { version } = this.#last();
    const place = this.#history.begin(version, this.#stamp);
    await this.#call('PATCH', 'config-vars', { STAMP: String(this.#stamp) });
    await this.#untilReached(place, load);
    await this.#note(version);
  }

  async #rollBack(load: Load): Promise<void> {
    this.#doing = 'a rollback';
    const target = this.#states.at(-4) ?? this.#last();
    this.#stamp = target.stamp;
    const place = this.#history.begin(target.version, target.stamp);
    await this.#call('POST', 'releases', { release: `v${target.release}` });
    await this.#untilReached(place, load);
    await this.#note(target.version);
  }

  async #restart(): Promise<void> {
    this.#doing = 'a restart';
    const askedAt = Date.now() / 1000;
    await this.#call('DELETE', 'dynos');
    const fresh = new Set<string>();
    await eventually('the restart of both dynos', async () => {
      const { started, dyno } = await answerOf(this.#app);
      if (started > askedAt) fresh.add(dyno);
      return fresh.size === 2;
    });
  }

  async #rescale(): Promise<void> {
    this.#doing = 'a scaling';
    await this.#scale(3);
    await this.#scale(2);
  }

  async #scale(quantity: number): Promise<void> {
    await this.#call('PATCH', 'formation', { updates: [{ type: 'web', quantity }] });
    await eventually(`${quantity} dynos`, async () => {
      const dynos = await this.#app.dynos();
      return dynos.length === quantity && dynos.every(({ state }) => state === 'up');
    });
  }

  async #untilReached(place: number, load: Load): Promise<void> {
    await eventually('the new release', async () => this.#history.order(await answerOf(this.#app))[0] === place);
    load.expect(place);
  }

  /** Where a rollback can go to. */
  async #note(version: number): Promise<void> {
    const range = { range: 'version ..; order=desc, max=1' };
    const answer = await this.#rig.api('GET', `/apps/${this.#app.name}/releases`, undefined, range);
    const [newest] = answer.json as readonly { readonly version: number }[];
    if (newest === undefined) throw new Error('there is no release');
    this.#states.push({ release: newest.version, version, stamp: this.#stamp });
    this.#states.splice(0, this.#states.length - 10);
  }

  async #check(n: number, report: LoadReport, before: Footprint, seconds: number): Promise<string> {
    this.#doing = `the check after deploy ${n}`;
    expectFlawless(report);
    await expectNoRemains(this.#rig);
    const now = await footprint(this.#rig);
    this.#mostBytes = Math.max(this.#mostBytes, now.usedBytes);
    checkFootprint(now, before, n);
    const mb = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
    const { controlPlane, router, usedBytes, packs } = now;
    const memory = `${mb(controlPlane.rssBytes)} + ${mb(router.rssBytes)}`;
    const descriptors = `${controlPlane.descriptors} + ${router.descriptors}`;
    return `${n} deploys (${this.#broken} broken) in ${Math.round(seconds)} s: ${report.requests} requests, 0 failed, 0 stale, slowest ${report.slowestMs} ms; memory ${memory}, descriptors ${descriptors}, disk ${mb(usedBytes)}, ${packs} packs`;
  }

  /** Without visitors, and with the connections of the last ones gone, no more descriptors are open than before. */
  async #settle(before: Footprint): Promise<Footprint> {
    await expectNoRemains(this.#rig);
    let open = '';
    await eventually(
      'closed descriptors',
      () => {
        const now = processFootprints(this.#rig);
        open = `${now.controlPlane.descriptors} + ${now.router.descriptors}`;
        return Promise.resolve(
          now.controlPlane.descriptors <= before.controlPlane.descriptors + 3 &&
            now.router.descriptors <= before.router.descriptors + 3,
        );
      },
      30_000,
    ).catch((error: unknown) => {
      const then = `${before.controlPlane.descriptors} + ${before.router.descriptors}`;
      throw new Error(`descriptors open: ${open}, before the first deploy ${then}`, { cause: error });
    });
    return footprint(this.#rig);
  }

  #noise(): Readonly<Record<string, string>> {
    const { noiseBytes } = this.#schedule;
    return noiseBytes === 0 ? {} : { 'bin/pre_compile': `#!/bin/sh\nhead -c ${noiseBytes} /dev/urandom > noise\n` };
  }

  #last(): State {
    const last = this.#states.at(-1);
    if (last === undefined) throw new Error('nothing was deployed yet');
    return last;
  }

  async #call(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await this.#rig.api(method, `/apps/${this.#app.name}/${path}`, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} was answered with ${answer.status}: ${answer.body}`);
  }
}

function expectFlawless({ failures, stale }: LoadReport): void {
  const bad = [...failures, ...stale.map((text) => `stale: ${text}`)];
  if (bad.length > 0) throw new Error(`${bad.length} requests went wrong:\n${bad.slice(0, 10).join('\n')}`);
}
