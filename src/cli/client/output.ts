import { inspect } from 'node:util';
import type { Terminal } from '../terminal.ts';
import { renderWarning } from './client-error.ts';
import type { Paint } from './paint.ts';

/** Writes in the forms of the official CLI: answers to standard output, what it does and warns of to standard error. */
export class Output {
  readonly paint: Paint;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal, paint: Paint) {
    this.#terminal = terminal;
    this.paint = paint;
  }

  line(text = ''): void {
    this.#terminal.out(`${text}\n`);
  }

  /** As it is. */
  write(text: string): void {
    this.#terminal.out(text);
  }

  /** To standard error, as it is. */
  note(text: string): void {
    this.#terminal.err(text);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }

  header(text: string): void {
    this.line(`${this.paint.label('=== ')}${this.paint.label(text)}\n`);
  }

  warn(message: string): void {
    this.#terminal.err(renderWarning(message, this.paint.warning));
  }

  /** `Restarting all dynos on my-app... done`; `!` in its place when `work` fails. `status` makes the word at the end. */
  async action<T>(text: string, work: () => Promise<T>, status: (result: T) => string = () => 'done'): Promise<T> {
    this.#terminal.err(`${text}...`);
    try {
      const result = await work();
      this.#terminal.err(` ${status(result)}\n`);
      return result;
    } catch (error) {
      this.#terminal.err(` ${this.paint.failure('!')}\n`);
      throw error;
    }
  }

  /** `Name: value` lines with the values below each other; nothing for null, undefined and empty lists. */
  object(fields: Readonly<Record<string, unknown>>): void {
    const shown = Object.entries(fields).filter(
      ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
    );
    const width = Math.max(0, ...shown.map(([key]) => key.length)) + 2;
    const lines = shown.flatMap(([key, value]) => {
      const [first, ...rest] = Array.isArray(value) ? (value as unknown[]) : [value];
      const name = `${this.paint.label(key)}:${' '.repeat(width - key.length - 1)}`;
      return [`${name}${inOneLine(first)}`, ...rest.map((item) => `${' '.repeat(width)}${inOneLine(item)}`)];
    });
    this.line(lines.join('\n'));
  }

  /** Each row has a text for every column; widths are those of the longest texts. */
  table(columns: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = columns.map((name, n) => Math.max(name.length, ...rows.map((row) => visibleLength(row[n] ?? ''))));
    const line = (cells: readonly string[], decorate: (cell: string) => string): string =>
      cells
        .map((cell, n) => `  ${decorate(cell)}${' '.repeat((widths[n] ?? 0) - visibleLength(cell))} `)
        .join('')
        .trimEnd();
    this.line(line(columns, this.paint.label));
    this.line(` ${'─'.repeat(widths.reduce((sum, width) => sum + width + 3, -1))}`);
    for (const row of rows) this.line(line(row, (cell) => cell));
    this.line();
  }
}

// eslint-disable-next-line no-control-regex -- the colours that we put there ourselves
const colour = /\u001b\[[\d;]*m/g;

function visibleLength(text: string): number {
  return Array.from(text.replace(colour, '')).length;
}

function inOneLine(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, item]) => `${key}: ${inspect(item)}`)
      .join(', ');
  }
  return inspect(value);
}
