/** Where a command writes; `colour` only on a terminal and never with NO_COLOR. */
export interface Terminal {
  readonly isInteractive: boolean;
  readonly colour: boolean;
  out(text: string): void;
  err(text: string): void;
}

export function consoleTerminal(): Terminal {
  const isInteractive = process.stdout.isTTY;
  return {
    isInteractive,
    colour: isInteractive && process.stdout.hasColors(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
}
