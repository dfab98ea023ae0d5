/** Lines of a script that belong together: a command, or a word such as `fi`. */
export interface CommandLines {
  readonly first: number;
  readonly last: number;
  /** All of them as one, without comments and the texts of here-documents. */
  readonly text: string;
  /** A test could run it. Then it ran if any of its lines was seen. */
  readonly isCommand: boolean;
}

// Lines that bash never names in a trace.
const structure = /^(?:(?:fi|done|esac|\}|\)|;;|;&|;;&)(?![\w-])|(?:else|then|do|in|\{|\()$)/;
const functionHead = /^(?:function\s+[\w:.-]+\s*(?:\(\s*\))?|[\w:.-]+\s*\(\s*\))\s*[{(]?$/;

/**
 * The lines of a bash script, put together. A guess, not a parser: it knows quotes, here-documents, comments and lines that
 * go on, which is enough to tell commands from the rest.
 */
export function bashCommands(script: string): readonly CommandLines[] {
  const commands: CommandLines[] = [];
  const scanner = new Scanner();
  let open: { readonly first: number; readonly code: string[]; readonly isLabel: boolean } | null = null;
  for (const [index, line] of script.split('\n').entries()) {
    const { code, goesOn, isLabel } = scanner.read(line);
    open ??= { first: index + 1, code: [], isLabel };
    open.code.push(code);
    if (goesOn || scanner.isInHereDocument()) continue;
    const [head = ''] = open.code;
    const isCommand = isCommandLine(head.trim(), open.isLabel && open.code.length === 1);
    const text = open.code
      .map((part) => part.replace(/\\$/, '').trim())
      .join(' ')
      .trim();
    if (text !== '') commands.push({ first: open.first, last: index + 1, text, isCommand });
    open = null;
  }
  return commands;
}

function isCommandLine(text: string, isLabel: boolean): boolean {
  return text !== '' && !isLabel && !structure.test(text) && !functionHead.test(text);
}

type Inside = "'" | '"' | '$(' | '(' | '=(';

interface ScannedLine {
  /** Without its comment. */
  readonly code: string;
  /** The next line belongs to the same command. */
  readonly goesOn: boolean;
  /** It ends with the `)` of a branch of `case`. */
  readonly isLabel: boolean;
}

class Scanner {
  readonly #inside: Inside[] = [];
  #delimiters: { readonly word: string; readonly mayIndent: boolean }[] = [];

  isInHereDocument(): boolean {
    return this.#delimiters.length > 0;
  }

  read(line: string): ScannedLine {
    const [delimiter] = this.#delimiters;
    if (delimiter !== undefined) {
      const text = delimiter.mayIndent ? line.replace(/^\t+/, '') : line;
      if (text === delimiter.word) this.#delimiters.shift();
      return { code: '', goesOn: this.isInHereDocument(), isLabel: false };
    }
    let end = line.length;
    let labelAt = -1;
    for (let at = 0; at < line.length; at += 1) {
      const step = this.#step(line, at);
      if (step === 'comment') {
        end = at;
        break;
      }
      if (step === 'label') labelAt = at;
      else at += step;
    }
    const code = line.slice(0, end);
    const goesOn =
      this.#inside.some((inside) => inside !== '(') || (end === line.length && /(?<!\\)(?:\\\\)*\\$/.test(line));
    return { code, goesOn, isLabel: labelAt !== -1 && code.slice(labelAt + 1).trim() === '' };
  }

  /** How many more characters this one takes with it. */
  #step(line: string, at: number): number | 'comment' | 'label' {
    const [char, next, top] = [line[at], line[at + 1], this.#inside.at(-1)];
    if (top === "'") {
      if (char === "'") this.#inside.pop();
      return 0;
    }
    if (char === '\\') return 1;
    if (char === '"') {
      if (top === '"') this.#inside.pop();
      else this.#inside.push('"');
      return 0;
    }
    if (char === '$' && next === '(') {
      this.#inside.push('$(');
      return 1;
    }
    return top === '"' ? 0 : this.#stepInCode(line, at);
  }

  #stepInCode(line: string, at: number): number | 'comment' | 'label' {
    const char = line[at];
    if (char === "'") this.#inside.push("'");
    else if (char === '#' && /^$|[\s;&|(]/.test(line[at - 1] ?? '')) return 'comment';
    else if (char === '(') this.#inside.push(line[at - 1] === '=' ? '=(' : '(');
    else if (char === ')' && this.#inside.pop() === undefined) return 'label';
    else if (char === '<' && line[at + 1] === '<') return this.#hereDocument(line.slice(at));
    return 0;
  }

  #hereDocument(rest: string): number {
    if (rest.startsWith('<<<')) return 2;
    const [all = '', dash, bare] = /^<<(-?)\s*\\?["']?([A-Za-z_][\w.-]*)["']?/.exec(rest) ?? [];
    if (bare === undefined) return 1;
    this.#delimiters.push({ word: bare, mayIndent: dash === '-' });
    return all.length - 1;
  }
}
