import { spawn, type IPty } from 'node-pty';

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
}

const patienceMs = 60_000;

/** A person's terminal: what is typed into it and what is to be seen in it. Whatever is waited for in vain fails with the recording. */
export class Terminal implements Disposable {
  /** Everything that was shown, control sequences included. */
  recording = '';
  readonly #pty: IPty;
  readonly #exit: Promise<number>;
  #seen = 0;
  #onData: () => void = () => undefined;

  constructor(program: string, args: readonly string[], options: TerminalOptions) {
    this.#pty = spawn(program, [...args], { ...options, name: options.env['TERM'] ?? 'xterm' });
    this.#pty.onData((data) => {
      this.recording += data;
      this.#onData();
    });
    this.#exit = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        resolve(exitCode);
      });
    });
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows);
  }

  /** Waits until this is shown, behind what was waited for before. Resolves to what it found. */
  async sees(wanted: string | RegExp): Promise<string> {
    const find = (): { text: string; end: number } | null => {
      const rest = this.recording.slice(this.#seen);
      const match = typeof wanted === 'string' ? null : wanted.exec(rest);
      const text = typeof wanted === 'string' ? wanted : (match?.[0] ?? '');
      const at = typeof wanted === 'string' ? rest.indexOf(wanted) : (match?.index ?? -1);
      return at === -1 ? null : { text, end: this.#seen + at + text.length };
    };
    const found = await new Promise<{ text: string; end: number } | null>((resolve) => {
      const timer = setTimeout(resolve, patienceMs, null);
      this.#onData = () => {
        const result = find();
        if (result === null) return;
        clearTimeout(timer);
        resolve(result);
      };
      this.#onData();
    });
    this.#onData = () => undefined;
    if (found === null) throw new Error(`not seen: ${String(wanted)}\n${this.readable()}`);
    this.#seen = found.end;
    return found.text;
  }

  /** Its exit status; the recording if it does not end. */
  async ends(): Promise<number> {
    const timer = new AbortController();
    const late = new Promise<never>((_, reject) => {
      const id = setTimeout(() => {
        reject(new Error(`the command has not ended\n${this.readable()}`));
      }, patienceMs);
      timer.signal.addEventListener('abort', () => {
        clearTimeout(id);
      });
    });
    try {
      return await Promise.race([this.#exit, late]);
    } finally {
      timer.abort();
    }
  }

  /** The recording as a person can read it: line by line, control characters as words. */
  readable(): string {
    const words = this.recording.replace(/\r*\n/g, '\n').replace(/./g, (character) => {
      const code = character.charCodeAt(0);
      if (code === 0x1b) return '\\e';
      return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : character;
    });
    return `--- what the terminal showed ---\n${words}\n--- end ---`;
  }

  /** Closes the window: the command gets SIGHUP. */
  [Symbol.dispose](): void {
    this.#pty.kill('SIGHUP');
  }
}
