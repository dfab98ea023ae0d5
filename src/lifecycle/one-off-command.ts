import type { ProcessTypes } from '../model/slug.ts';
import type { ProcessType } from '../model/ids.ts';

/** What the official CLI appends for `heroku run --exit-code`, with and without the space of its newer versions. */
const statusSuffix = /\s*;\s*echo "\uFFFF heroku-command-exit-status: \$\?"\s*$/;

export interface OneOffCommand {
  /** What the dyno runs and what clients are shown. */
  readonly command: string;
  /** The client wants to be told the exit status behind the output, in the form that the suffix would have written. */
  readonly wantsStatus: boolean;
}

/**
 * A command as a client sends it. The suffix for the exit status is taken off: the one who ends the session tells the
 * status, so that it comes in one piece and also for a command that ends the shell itself. A first word that is a process
 * type stands for its command, with the other words behind. Source: dyno-runtime.md section 8, heroku-cli.md 5.2.
 */
export function parseOneOffCommand(sent: string, processTypes: ProcessTypes): OneOffCommand {
  const command = sent.replace(statusSuffix, '');
  const [, first = '', rest = ''] = /^\s*(\S+)([^]*)$/.exec(command) ?? [];
  const known = Object.hasOwn(processTypes, first) ? processTypes[first as ProcessType] : undefined;
  return {
    command: known === undefined ? command : `${known}${rest}`,
    wantsStatus: statusSuffix.test(sent),
  };
}
