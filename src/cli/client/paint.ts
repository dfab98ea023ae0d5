type Colour = (text: string) => string;

/** The official CLI's colours (its default theme) by what a text is. Without colour each gives the text as it is. */
export interface Paint {
  readonly app: Colour;
  readonly bang: Colour;
  readonly code: Colour;
  readonly failure: Colour;
  readonly gray: Colour;
  readonly info: Colour;
  readonly label: Colour;
  readonly name: Colour;
  readonly success: Colour;
  readonly user: Colour;
  readonly warning: Colour;
}

interface Colours {
  readonly isTerminal: boolean;
  /** 1, 4, 8 or 24 bits. */
  readonly depth: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colour only on a terminal, and never with NO_COLOR; FORCE_COLOR wins. */
export function paintFor({ isTerminal, depth, env }: Colours): Paint {
  const { FORCE_COLOR: force, NO_COLOR: no } = env;
  const forced = force !== undefined && force !== '0' && force !== 'false';
  const isOn = forced || (isTerminal && depth > 1 && force === undefined && (no === undefined || no === ''));
  const rich = isOn && (forced || depth >= 8);
  const sgr = (open: string) => (text: string) => (isOn ? `\u001b[${open}m${text}\u001b[0m` : text);
  const fg = (rich256: number, plain: number) => sgr(rich ? `38;5;${rich256}` : String(plain));
  const purple = fg(147, 35);
  return {
    app: (name) => purple(rich ? `⬢ ${name}` : name),
    bang: fg(203, 31),
    code: sgr('1'),
    failure: fg(210, 31),
    gray: fg(248, 90),
    info: fg(43, 36),
    label: sgr('1'),
    name: fg(212, 35),
    success: fg(40, 32),
    user: fg(80, 36),
    warning: fg(214, 33),
  };
}
