import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ScriptsLeft } from '../build/index.ts';
import { insidePath } from '../buildpack/index.ts';
import type { RunInSandbox } from '../supervisor/index.ts';

export interface LineUse {
  hits: number;
  /** Of command substitution. A line is hit by what it does itself, not by what it substitutes. */
  depth: number;
  /** All hits together, with the processes that the line waited for. */
  micros: number;
}

const folderName = '.hokku-trace';
const began = '#hokku ';

// What bash reads before a script that it is started for. Commands are written to a file of the process, not to its output.
const tracer = (folder: string): string => `exec {hokku_trace_fd}>>"${folder}/$$.trace"
printf '#hokku %s\\n' "\${PWD}" >&"\${hokku_trace_fd}"
BASH_XTRACEFD=\${hokku_trace_fd}
unset hokku_trace_fd
PS4='+@\${BASH_SOURCE[0]-}:\${LINENO}:\${EPOCHREALTIME}@ '
set -x
`;

/**
 * Which lines of a buildpack's bash scripts ran, how often and how long, over many builds. Bash alone tells, so what runs
 * as `sh` or with an empty environment is not seen.
 */
export class TraceFolder {
  readonly #dirs: readonly string[];
  readonly #uses = new Map<string, Map<number, LineUse>>();

  /** `dirs`: host folders whose files count. */
  constructor(dirs: readonly string[]) {
    this.#dirs = dirs.map((dir) => resolve(dir));
  }

  readonly watch =
    (run: RunInSandbox): RunInSandbox =>
    async (sandbox, command, options) => {
      const dir = join(command.tmpDir, folderName);
      const inside = insidePath({ sandbox, tmpDir: command.tmpDir }, folderName);
      await mkdir(dir, { recursive: true });
      await chmod(dir, 0o1777);
      await writeFile(join(dir, 'trace.sh'), tracer(inside));
      return await run(sandbox, { ...command, env: { ...command.env, BASH_ENV: `${inside}/trace.sh` } }, options);
    };

  /** To be called once per build, while its folders are still there. */
  async collect({ space, buildpacks }: ScriptsLeft): Promise<void> {
    const places: Place[] = buildpacks.map(({ workPath, sourceDir }) => ({
      inside: insidePath(space, workPath),
      host: resolve(sourceDir),
    }));
    places.push(
      ...places.map(({ inside, host }) => ({ inside: posix.join(inside, '../shared'), host: join(host, '../shared') })),
    );
    const dir = join(space.tmpDir, folderName);
    for (const name of await readdir(dir).catch(() => [])) {
      if (name.endsWith('.trace')) await this.#read(join(dir, name), places);
    }
  }

  /** By host file, then by line. */
  get uses(): ReadonlyMap<string, ReadonlyMap<number, LineUse>> {
    return this.#uses;
  }

  async #read(file: string, places: readonly Place[]): Promise<void> {
    let cwd = '/';
    let last: { readonly use: LineUse | null; readonly atMicros: number } | null = null;
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (text.startsWith(began)) {
        // Process ids come again in the next script, and so do their files.
        [cwd, last] = [text.slice(began.length), null];
      }
      const entry = entryOf(text);
      if (entry === null) continue;
      if (last?.use !== null && last !== null) last.use.micros += entry.atMicros - last.atMicros;
      const use = this.#useOf(posix.resolve(cwd, entry.source), entry.line, places);
      if (use !== null) count(use, entry.depth);
      last = { use, atMicros: entry.atMicros };
    }
  }

  #useOf(source: string, line: number, places: readonly Place[]): LineUse | null {
    const place = places.find(({ inside }) => source.startsWith(`${inside}/`));
    if (place === undefined) return null;
    const file = join(place.host, source.slice(place.inside.length));
    if (!this.#dirs.some((dir) => file.startsWith(`${dir}/`))) return null;
    const lines = this.#uses.get(file) ?? new Map<number, LineUse>();
    this.#uses.set(file, lines);
    const use = lines.get(line) ?? { hits: 0, micros: 0, depth: Infinity };
    lines.set(line, use);
    return use;
  }
}

interface Place {
  readonly inside: string;
  readonly host: string;
}

function count(use: LineUse, depth: number): void {
  if (depth > use.depth) return;
  use.hits = depth === use.depth ? use.hits + 1 : 1;
  use.depth = depth;
}

const entryForm = /^(\++)@(.+):(\d+):(\d+)[.,](\d{6})@ /;

interface Entry {
  readonly depth: number;
  readonly source: string;
  readonly line: number;
  readonly atMicros: number;
}

function entryOf(text: string): Entry | null {
  const [, plus = '', source, line, seconds, micros] = entryForm.exec(text) ?? [];
  if (source === undefined) return null;
  return { depth: plus.length, source, line: Number(line), atMicros: Number(seconds) * 1e6 + Number(micros) };
}
