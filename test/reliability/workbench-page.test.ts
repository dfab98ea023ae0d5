import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { exitCodeOf, spawn, startProcess } from '../../src/lib/spawn.ts';
import { checkout, eventually } from '../rig/platform-rig.ts';

interface Block {
  readonly kind: 'sh' | 'sh fails' | 'sh endless';
  readonly script: string;
}

/** The shell blocks of a page, in order. */
function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(sh(?: \w+)?)\n(.*?)^```$/gms)].map(([, kind = '', script = '']) => ({
    kind: kind as Block['kind'],
    script,
  }));
}

interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
}

type Env = Readonly<Record<string, string>>;

async function runBlock(script: string, cwd: string, env: Env): Promise<Ran> {
  const { exitCode, stdout } = await spawn('bash', ['-euc', `exec 2>&1\n${script}`], { cwd, env, timeoutMs: 200_000 });
  return { exitCode, output: stdout.toString() };
}

/** A command that goes on until it is interrupted, which happens after it has seen a change. */
async function runEndless(script: string, cwd: string, env: Env): Promise<Ran> {
  const child = startProcess('bash', ['-c', `exec 2>&1; exec ${script}`], {
    ...{ cwd, env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const waits = (): number => output.split('Waiting for a change').length - 1;
  await eventually('the first round', () => Promise.resolve(waits() === 1));
  await appendFile(join(cwd, 'README.md'), 'More.\n');
  await eventually('the second round', () => Promise.resolve(waits() === 2));
  child.kill('SIGINT');
  return { exitCode: await exitCodeOf(child), output };
}

it('does what docs/writing-buildpacks.md says, command by command', async () => {
  const page = await readFile(join(checkout, 'docs/writing-buildpacks.md'), 'utf8');
  const blocks = blocksOf(page);
  const dir = await mkdtemp(join(tmpdir(), 'page-'));
  try {
    await writeFile(join(dir, 'hokku'), `#!/bin/sh\nexec "${process.execPath}" "${checkout}/dist/main.js" "$@"\n`);
    await chmod(join(dir, 'hokku'), 0o755);
    let cwd = dir;
    const ran: { script: string; output: string }[] = [];
    for (const { kind, script } of blocks) {
      const env = { PATH: `${dir}:${process.env['PATH'] ?? ''}`, HOME: dir, TMPDIR: tmpdir() };
      const { exitCode, output } =
        kind === 'sh endless'
          ? await runEndless(script, cwd, env)
          : await runBlock(`${script}\npwd >"${dir}/cwd"`, cwd, env);
      ran.push({ script, output });
      cwd = (await readFile(join(dir, 'cwd'), 'utf8')).trim();
      const seen = `${script}\n${output}`;
      const expected = { sh: 0, 'sh fails': 1, 'sh endless': 130 }[kind];
      expect({ exitCode, seen }).toEqual({ exitCode: expected, seen });
    }
    const said = (part: string): string =>
      ran
        .filter(({ script }) => script.includes(part))
        .map(({ output }) => output)
        .join('');
    expect(said('buildpack new greet')).toContain('4 of 4 cases passed');
    expect(said('--only shout')).toMatch(
      /FAIL cold[\s\S]*no line of the output has Greeting WORLD[\s\S]*Greeting world/,
    );
    expect(said('--update')).toContain('1 of 1 cases passed');
    expect(said('buildpack lint')).toContain(' 0 findings');
    expect(said('--shell')).toMatch(/greet\.conf[\s\S]*Push failed/);
    expect(said('--watch')).toMatch(/cases passed[\s\S]*README\.md has changed[\s\S]*cases passed/);
    expect(said('--only web')).toContain('1 of 1 cases passed');
    expect(said('--reporter tap')).toMatch(/^ok \d+ - hello: changed$/m);
    expect(said('--coverage')).toMatch(/ 100 % {2}bin\/compile/);
    expect(said('hokku build ')).toContain('./app/.greet/bin/hello');
    expect(await readFile(join(dir, 'greet/junit.xml'), 'utf8')).toMatch(/<testsuite name="hello"[^>]* failures="0"/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

it('has no command of the workbench on the page that is not run', async () => {
  const page = await readFile(join(checkout, 'docs/writing-buildpacks.md'), 'utf8');
  const scripts = blocksOf(page)
    .map(({ script }) => script)
    .join('');
  const outside = page.replaceAll(/^```sh.*?^```$/gms, '');
  expect(outside).not.toMatch(/^ {4}hokku|^```/m);
  for (const [, command] of page.matchAll(/`(hokku [a-z ]+[a-z])/g)) expect(scripts).toContain(command);
});
