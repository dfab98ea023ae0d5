import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { HerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { checkout, eventually, type PlatformRig } from '../rig/platform-rig.ts';
import type { Step, StepOptions, Story } from './story.ts';

const patienceMs = 60_000;
const graceMs = 10_000;

/** Runs the whole story, to its end also when something is wrong. Resolves with everything that was not as it should be. */
export async function runStory(
  story: Story,
  installation: { readonly dir: string },
  rig: PlatformRig,
): Promise<readonly string[]> {
  const missing = story.missing?.() ?? null;
  if (missing !== null) {
    process.stderr.write(`skipped: the official CLI ${story.title}: ${missing}\n`);
    return [];
  }
  await using cli = await HerokuCli.open(installation, rig);
  await using running = await RunningStory.begin(cli, rig);
  const wrong: string[] = [];
  for (const step of story.steps) {
    try {
      if (typeof step === 'function') await step(running);
      else await running.take(step);
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
    }
  }
  return wrong;
}

/** One shell of one user, and what was caught in it. */
export class RunningStory implements AsyncDisposable {
  readonly rig: PlatformRig;
  readonly cli: HerokuCli;
  readonly dir: string;
  /** What `{name}` in a step stands for. */
  readonly caught = new Map<string, string>();
  readonly #resources: AsyncDisposable[] = [];

  private constructor(cli: HerokuCli, rig: PlatformRig) {
    this.cli = cli;
    this.rig = rig;
    this.dir = join(cli.home, 'work');
    this.caught.set('port', String(rig.port));
  }

  static async begin(cli: HerokuCli, rig: PlatformRig): Promise<RunningStory> {
    const story = new RunningStory(cli, rig);
    await mkdir(story.dir);
    story.caught.set('localPort', String(await freePort()));
    return story;
  }

  /** Ends with the story. */
  use(resource: AsyncDisposable): void {
    this.#resources.push(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#resources.toReversed()) await resource[Symbol.asyncDispose]();
  }

  async write(files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
      await writeFile(join(this.dir, path), content, { mode });
    }
  }

  /** Makes the folder a repository with the source of a small web app, and these files over it. */
  async commit(files: Readonly<Record<string, string>> = {}): Promise<void> {
    await cp(join(checkout, 'fixtures', 'apps', 'python-stdlib'), this.dir, { recursive: true });
    await this.write(files);
    await this.git('init', '--quiet', '--initial-branch=main');
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '-m', 'change');
  }

  async git(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.cli.git(args, this.dir);
    if (exitCode !== 0) throw new Error(`git ${args.join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
    return stdout + stderr;
  }

  async take([typed, says, more = {}]: Step): Promise<void> {
    const args = this.#words(typed);
    const attempt = async (): Promise<string | RegExpExecArray> => {
      const { exitCode, stdout, stderr } = await this.#run(args, says, more);
      const said = plain(`${stderr} ${stdout}`);
      const match = exitCode === (more.exit ?? 0) || more.signal !== undefined ? says.exec(said) : null;
      return match ?? `heroku ${args.join(' ')} ended with ${exitCode} and did not say ${String(says)}: ${said}`;
    };
    let outcome = await attempt();
    if (more.eventually === true && typeof outcome === 'string') {
      const last = async (): Promise<boolean> => typeof (outcome = await attempt()) !== 'string';
      await eventually('it', last).catch(() => undefined);
    }
    if (typeof outcome === 'string') throw new Error(outcome);
    for (const [name, text] of Object.entries(outcome.groups ?? {})) this.caught.set(name, text);
  }

  #words(typed: string): readonly string[] {
    const words = typed.match(/'[^']*'|[^\s']+/g) ?? [];
    return words.map((word) => this.#filled(word.replaceAll("'", '')));
  }

  #filled(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
      const caught = this.caught.get(name);
      if (caught === undefined) throw new Error(`nothing has caught {${name}} of ${text}`);
      return caught;
    });
  }

  async #run(args: readonly string[], says: RegExp, more: StepOptions): Promise<CliResult> {
    if (more.types !== undefined) return this.#type(args, more.types, more.env);
    if (more.signal !== undefined) return this.#interrupt(args, says, more);
    if (more.input !== undefined) return this.cli.runWithInput(args, this.dir, this.#filled(more.input));
    return this.cli.run(args, this.dir, more.env);
  }

  async #type(
    args: readonly string[],
    types: NonNullable<StepOptions['types']>,
    env: StepOptions['env'] = {},
  ): Promise<CliResult> {
    using terminal = this.cli.terminal(args, this.dir, { cols: 200, rows: 40 }, env);
    for (const [sees, text] of types) {
      await terminal.sees(sees);
      terminal.type(text);
    }
    const exitCode = await terminal.ends();
    return { exitCode, stdout: terminal.recording, stderr: '' };
  }

  async #interrupt(args: readonly string[], says: RegExp, more: StepOptions): Promise<CliResult> {
    const child = this.cli.start(args, this.dir, 'pipe', more.env);
    let said = '';
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        resolve(code ?? -1);
      });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    if (more.input !== undefined) child.stdin?.write(more.input);
    const isSaid = (): Promise<boolean> => Promise.resolve(says.test(plain(said)));
    await eventually('it', isSaid, patienceMs).catch(() => undefined);
    child.kill(more.signal);
    const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
    void ended.finally(() => {
      clearTimeout(late);
    });
    return { exitCode: await ended, stdout: said, stderr: '' };
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  return port;
}

/** In one line, without colours and whatever else only moves the cursor. */
function plain(said: string): string {
  return stripVTControlCharacters(said)
    .replaceAll(/[\s›]+/g, ' ')
    .trim();
}
