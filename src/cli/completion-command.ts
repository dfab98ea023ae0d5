import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

interface Words {
  readonly name: string;
  readonly options: readonly string[];
}

/** `hokku completion SHELL`: a script that completes commands and their options, made of their declarations. */
export function completionCommand(shell: string, program: Command, terminal: Terminal): number {
  const commands = program.commands.flatMap((command): readonly Words[] => {
    const visible = command.options.filter(({ hidden }) => !hidden).map(({ long, short }) => long ?? short ?? '');
    const options = [...visible, '--help'].filter((option) => option !== '');
    return [command.name(), ...command.aliases()].map((name) => ({ name, options }));
  });
  const write = scripts[shell];
  if (write === undefined) {
    terminal.err(`hokku: no completion for ${JSON.stringify(shell)}. Allowed: ${Object.keys(scripts).join(', ')}.\n`);
    return 2;
  }
  terminal.out(write(commands));
  return 0;
}

const names = (commands: readonly Words[]): string => commands.map(({ name }) => name).join(' ');
const cases = (commands: readonly Words[]): string =>
  commands.map(({ name, options }) => `    ${name}) words='${options.join(' ')}' ;;`).join('\n');

const scripts: Readonly<Record<string, (commands: readonly Words[]) => string>> = {
  // Bash cuts words at colons; what is before the last one is there already and must not be offered again.
  bash: (commands) => `_hokku() {
  local line=\${COMP_LINE:0:COMP_POINT} words current command
  current=\${line##*[[:space:]]}
  read -r _ command _ <<< "$line"
  if [[ $line =~ ^[^[:space:]]+[[:space:]]+[^[:space:]]*$ ]]; then words='${names(commands)}'
  else case $command in
${cases(commands)}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}"); fi
}
complete -F _hokku hokku
`,
};
