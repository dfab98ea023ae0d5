import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { buildProgram } from '../../../src/cli/index.ts';
import { completionCommand } from '../../../src/cli/completion-command.ts';

it('completes commands, colons and options in bash', () => {
  let script = '';
  const terminal = {
    out: (text: string): void => {
      script += text;
    },
    err: (): void => undefined,
  };
  const program = buildProgram(terminal, async (work) => {
    await work();
  });
  expect(completionCommand('bash', program, terminal)).toBe(0);
  expect(completionCommand('tcsh', program, terminal)).toBe(2);
  const complete = (line: string): string => {
    const call = `${script}\nCOMP_LINE=$1; COMP_POINT=\${#1}; _hokku; printf '%s' "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', call, 'bash', line], { encoding: 'utf8' });
    return stdout + stderr;
  };
  expect(complete('hokku plat')).toBe('platforms platforms:use');
  // Bash holds `ps:` for a word that is finished.
  expect(complete('hokku ps:re')).toBe('restart');
  expect(complete('hokku logs --n')).toBe('--num');
  expect(complete('hokku nosuch --')).toBe('');
});

it('has a description for every command, and help for each', () => {
  const help: string[] = [];
  const terminal = { out: (text: string): void => void help.push(text), err: (): void => undefined };
  const program = buildProgram(terminal, async (work) => {
    await work();
  });
  for (const command of program.commands) {
    expect({ name: command.name(), description: command.description() }).toEqual({
      name: command.name(),
      description: expect.stringMatching(/\S/),
    });
    expect(command.helpInformation()).toContain(`Usage: hokku ${command.name()}`);
  }
  expect(program.helpInformation()).toContain('Apps, as the heroku CLI has them:');
});
