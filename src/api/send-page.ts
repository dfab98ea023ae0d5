import { PlatformError } from '../errors/platform-error.ts';
import type { OpenCall } from './api-call.ts';

const defaultMax = 200;
const largestMax = 1000;

/** What a `Range` header asks for. Source: https://devcenter.heroku.com/articles/platform-api-reference#ranges */
export interface Range {
  readonly field: string;
  /** Begin behind (`]`) or at this value, in the order of the list. */
  readonly start: { readonly value: string; readonly exclusive: boolean } | null;
  readonly end: string | null;
  readonly order: 'asc' | 'desc';
  readonly max: number;
}

/**
 * Clients write it in many ways (`version ..; max=15, order=desc`, `id ..; max=1000;`, an empty one), and what is no range
 * at all counts as absent. Throws `requested_range_not_satisfiable` for one that can be read and not be answered.
 */
export function parseRange(header: string | undefined, fields: readonly [string, ...string[]]): Range {
  const [selection = '', ...options] = (header ?? '').split(';');
  const match = /^\s*([\w-]+)\s+(\]?)([^\s\]]*?)\.\.(\S*)\s*$/.exec(selection);
  const [, field, bracket, from, to] = match ?? [];
  const rest = options.join(',').toLowerCase();
  const max = Number(/\bmax\s*=\s*(\d{1,9})/.exec(rest)?.[1] ?? defaultMax);
  if (field !== undefined && !fields.includes(field)) throw unsatisfiable(`a range of ${field.slice(0, 50)}`, fields);
  const order = /\border\s*=\s*([^\s,;]*)/.exec(rest)?.[1] ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw unsatisfiable(`the order ${order.slice(0, 20)}`, fields);
  if (/\bmax\s*=\s*(?!\d)/.test(rest)) throw unsatisfiable('that max, which is no number', fields);
  return {
    field: field ?? fields[0],
    start: from !== undefined && from !== '' ? { value: from, exclusive: bracket === ']' } : null,
    end: to !== undefined && to !== '' ? to : null,
    order,
    max: Math.min(largestMax, Math.max(1, max)),
  };
}

function unsatisfiable(what: string, fields: readonly string[]): PlatformError {
  return new PlatformError(
    'requested_range_not_satisfiable',
    `This list can't be given in ${what}. It has ranges of ${fields.join(', ')}, such as "Range: ${fields[0] ?? 'id'} ..; max=${defaultMax}, order=desc".`,
  );
}

/**
 * Answers the part of a list that the client asked for: 206 and `Next-Range` when more is left, and never otherwise,
 * because the official CLI follows `Next-Range` for as long as there is one.
 */
export function sendPage<T>(
  call: OpenCall,
  items: readonly T[],
  fields: Readonly<Record<string, (item: T) => string | number>>,
  serialize: (item: T) => unknown,
): unknown {
  const names = Object.keys(fields) as [string, ...string[]];
  const range = parseRange(call.request.headers.range, names);
  const key = fields[range.field] ?? (() => 0);
  const direction = range.order === 'asc' ? 1 : -1;
  const compare = (a: string | number, b: string | number): number => direction * (a < b ? -1 : a > b ? 1 : 0);
  const like = (text: string, item: T): string | number => (typeof key(item) === 'number' ? Number(text) : text);

  const { start, end } = range;
  const selected = items
    .filter((item) => {
      const fromStart = start === null ? 1 : compare(key(item), like(start.value, item));
      const fromEnd = end === null ? -1 : compare(key(item), like(end, item));
      return (fromStart > 0 || (fromStart === 0 && start?.exclusive === false)) && fromEnd <= 0;
    })
    .sort((a, b) => compare(key(a), key(b)));
  const page = selected.slice(0, range.max);
  const [first, last] = [page[0], page.at(-1)];

  call.reply.header('accept-ranges', names.join(', '));
  if (first !== undefined && last !== undefined) {
    call.reply.header('content-range', `${range.field} ${key(first)}..${key(last)}`);
    if (selected.length > page.length) {
      call.reply.code(206);
      call.reply.header('next-range', `${range.field} ]${key(last)}..; max=${range.max}, order=${range.order}`);
    }
  }
  return page.map(serialize);
}

/**
 * Pages a list that its handler gave whole: only when it is too long for one page, or a range was asked for. The fields
 * are those of `id`, `name` and `updated_at` that every item has.
 */
export function pageOfPlainList(call: OpenCall, items: readonly unknown[]): unknown {
  const isPaged = call.reply.hasHeader('accept-ranges');
  const asked = (call.request.headers.range ?? '').trim() !== '';
  if (isPaged || items.length === 0 || (!asked && items.length <= defaultMax)) return items;
  const rows = items as readonly Readonly<Record<string, unknown>>[];
  const common = ['id', 'name', 'updated_at'].filter((name) => rows.every((row) => typeof row[name] === 'string'));
  if (common.length === 0) return items;
  const fields = Object.fromEntries(common.map((name) => [name, (row: (typeof rows)[number]) => String(row[name])]));
  return sendPage(call, rows, fields, (row) => row);
}
