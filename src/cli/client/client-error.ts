/**
 * A failure in the official CLI's form: `refusal` is what the platform or the command line refuses (marked with `›`),
 * `failure` anything else. Exit statuses are the official ones: 2 for the API and the command line, 1 for the rest.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly kind: 'refusal' | 'failure';
  readonly exitCode: number;

  constructor(message: string, options: { kind?: 'refusal' | 'failure'; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind ?? 'failure';
    this.exitCode = options.exitCode ?? (this.kind === 'refusal' ? 2 : 1);
  }
}

/** What the API answered instead of 2xx. */
export class ApiError extends ClientError {
  readonly status: number;
  readonly id: string | null;

  constructor(status: number, message: string, body: { readonly id?: unknown; readonly url?: unknown; app?: unknown }) {
    const id = typeof body.id === 'string' ? body.id : null;
    const app = (body.app as { name?: unknown } | undefined)?.name;
    const details = [
      ...(id === null ? [] : [`Error ID: ${id}`]),
      ...(typeof app === 'string' ? [`App: ${app}`] : []),
      ...(typeof body.url === 'string' ? [`See ${body.url} for more information.`] : []),
    ];
    super(details.length === 0 ? message : [message, '', ...details].join('\n'), { kind: 'refusal' });
    this.status = status;
    this.id = id;
  }
}

const width = 74;

/** As the official CLI prints it on standard error, wrapped for 80 columns. */
export function renderError({ message, kind }: ClientError, paint: (bang: string) => string = (bang) => bang): string {
  return renderNote(`Error: ${message}`, kind === 'refusal' ? paint('›') : '');
}

export function renderWarning(message: string, paint: (bang: string) => string = (bang) => bang): string {
  return renderNote(`Warning: ${message}`, paint('›'));
}

function renderNote(text: string, bang: string): string {
  return text
    .split('\n')
    .flatMap((line) => wrap(line))
    .map((line) => ` ${bang}${line === '' ? '' : `   ${line}`}`.replace(/^ +$/, ''))
    .join('\n')
    .concat('\n');
}

/** Breaks at spaces, which stay at the end of the line; a longer word is cut. */
function wrap(line: string): readonly string[] {
  const rows = [''];
  let row = '';
  const put = (text: string): void => {
    row = text;
    rows[rows.length - 1] = row;
  };
  line.split(' ').forEach((word, index) => {
    if (index > 0) {
      if (row.length >= width) {
        rows.push('');
        row = '';
      }
      put(`${row} `);
    }
    let rest = word;
    if (row.length > 0 && row.length + rest.length > width) {
      rows.push('');
      row = '';
    }
    while (rest.length > width) {
      put(rest.slice(0, width));
      rest = rest.slice(width);
      rows.push('');
      row = '';
    }
    put(row + rest);
  });
  return rows;
}
