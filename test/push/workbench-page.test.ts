import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { spawn } from '../../src/lib/spawn.ts';
import { checkout } from '../rig/platform-rig.ts';

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

it('does what docs/writing-buildpacks.md says, command by command', async () => {
  const page = await readFile(join(checkout, 'docs/writing-buildpacks.md'), 'utf8');
  const blocks = blocksOf(page);
  const dir = await mkdtemp(join(tmpdir(), 'page-'));
  try {
    await writeFile(join(dir, 'hokku'), `#!/bin/sh\nexec "${process.execPath}" "${checkout}/dist/main.js" "$@"\n`);
    await chmod(join(dir, 'hokku'), 0o755);
    let cwd = dir;
    const ran: { script: string; output: string; status: number }[] = [];
    for (const { kind, script } of blocks) {
      const body = kind === 'sh endless' ? script.replace(/^hokku/m, 'timeout --signal=INT 6 hokku') : script;
      const { exitCode, stdout } = await spawn('bash', ['-euc', `exec 2>&1\n${body}\npwd >"${dir}/cwd"`], {
        cwd,
        env: { PATH: `${dir}:${process.env['PATH'] ?? ''}`, HOME: dir, TMPDIR: tmpdir() },
        timeoutMs: 120_000,
      });
      ran.push({ script, output: stdout.toString(), status: exitCode });
      cwd = (await readFile(join(dir, 'cwd'), 'utf8')).trim();
      const seen = `${script}\n${stdout.toString()}`;
      const expected = { sh: 0, 'sh fails': 1, 'sh endless': 124 }[kind];
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
    expect(said('--update')).toContain('5 of 5 cases passed');
    expect(said('buildpack lint')).toContain(' 0 findings');
    expect(said('--shell')).toMatch(/greet\.conf[\s\S]*Push failed/);
    expect(said('--watch')).toContain('Waiting for a change');
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
