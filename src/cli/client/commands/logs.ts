import { ClientError } from '../client-error.ts';
import type { ClientContext } from '../context.ts';
import { printLog } from '../log-lines.ts';

export interface LogsOptions {
  readonly num?: string;
  readonly dynoName?: string;
  readonly processType?: string;
  readonly source?: string;
  readonly tail?: true;
}

/** `hokku logs`: the last 100 lines unless `--num` says otherwise, and with `--tail` what comes. */
export async function logsCommand({ api, output }: ClientContext, app: string, options: LogsOptions): Promise<void> {
  const { num = '100', dynoName, processType, source, tail } = options;
  if (!/^\d{1,6}$/.test(num)) {
    throw new ClientError(`Parsing --num \n  Expected an integer but received: ${num.slice(0, 80)}`, {
      kind: 'refusal',
    });
  }
  await printLog(api, output, app, {
    dyno: dynoName ?? processType,
    source,
    lines: Number(num) || 100,
    tail: tail === true,
  });
}
