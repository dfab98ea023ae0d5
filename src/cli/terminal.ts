/** Where a command writes. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** A reader that goes away (`hokku demo | head`) ends nothing: what is written then is lost, and what runs goes on to its end. */
export function consoleTerminal(): Terminal {
  const ignore = (): void => undefined;
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
}
