import type { TerminalSize } from '../model/dyno.ts';
import { startAttached, type Sandbox } from '../supervisor/index.ts';
import { shellCommand, type ScriptsLeft } from '../workbench/index.ts';

/** A shell where the scripts of a build ran, on this terminal or, without one, on standard input and output. */
export async function openBuildShell(left: ScriptsLeft, sandbox: Sandbox): Promise<void> {
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const shell = startAttached(
    sandbox.wrap(await shellCommand(left, isTerminal ? sizeOf(stdout) : null)),
    'build shell',
  );
  const resize = (): void => {
    shell.resize(sizeOf(stdout));
  };
  if (isTerminal) stdin.setRawMode(true);
  stdout.on('resize', resize);
  stdin.pipe(shell.input);
  shell.output.on('data', (chunk: Buffer) => {
    stdout.write(chunk);
  });
  try {
    await shell.exited;
  } finally {
    stdin.unpipe(shell.input);
    // Or it would keep the program from ending.
    stdin.pause();
    stdout.off('resize', resize);
    if (isTerminal) stdin.setRawMode(false);
  }
}

function sizeOf({ rows, columns }: NodeJS.WriteStream): TerminalSize {
  return { rows, columns };
}
