import type { BuildOutput } from '../model/build.ts';

/** A line whose end is not known yet: `Compressing source files... `. Whoever writes meanwhile gets a line of their own below it. */
export interface OpenLine extends BuildOutput {
  /** Ends the line with this, unless something was written below it. */
  end(text: string): void;
}

export function openLine(text: string, output: BuildOutput): OpenLine {
  let isOpen = true;
  const close = (rest: string): void => {
    if (isOpen) output.write(`${rest}\n`);
    isOpen = false;
  };
  output.write(text);
  return {
    write: (chunk) => {
      close('');
      output.write(chunk);
    },
    end: close,
  };
}
