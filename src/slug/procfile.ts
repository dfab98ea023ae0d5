import type { ProcessType } from '../model/ids.ts';
import type { ProcessTypes } from '../model/slug.ts';

const maxBytes = 256 * 1024;
const maxTypes = 100;
const maxCommandLength = 16_384;
/** The colon is optional where a blank follows, as in Heroku's slug compiler; hyphens are allowed since. */
const declaration = /^([-\w]{1,128})(?::[ \t]*|[ \t]+)(.*)$/;

/**
 * Reads a Procfile: one `type: command` a line. A later line of the same type wins; blank lines and `#` comments mean
 * nothing; lines that are neither are left out with a warning. Accepts CRLF and a byte order mark.
 * Limits: 256 KB, 100 types, 16,384 characters a command. Source: https://devcenter.heroku.com/articles/procfile
 */
export function parseProcfile(bytes: Uint8Array): { types: ProcessTypes; warnings: readonly string[] } {
  const warnings: string[] = [];
  if (bytes.length > maxBytes) {
    return {
      types: {},
      warnings: [`The Procfile has ${bytes.length} bytes; it is ignored, the limit is ${maxBytes}.`],
    };
  }
  const encoding = otherEncoding(bytes);
  if (encoding !== null) {
    return { types: {}, warnings: [`The Procfile is ignored: it is ${encoding}. Save it as plain text in UTF-8.`] };
  }
  const types = new Map<ProcessType, string>();
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = declaration.exec(line);
    const [type, command] = [match?.[1], match?.[2]?.trim()];
    const problem = findProblem(type, command, types.size);
    if (problem !== null || type === undefined || command === undefined) {
      warnings.push(`Procfile line ${index + 1} is ignored: ${problem ?? ''} (${shorten(line)}).`);
      continue;
    }
    if (types.has(type as ProcessType)) warnings.push(`Procfile declares ${type} twice; line ${index + 1} counts.`);
    types.set(type as ProcessType, command);
  }
  return { types: Object.fromEntries(types), warnings: warnings.slice(0, 20) };
}

/** A NUL in its first line: PowerShell's `>` writes UTF-16, and the rest is no text at all. One warning is worth more than one for each line. */
function otherEncoding(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const end = bytes.indexOf(0x0a);
  if (!bytes.subarray(0, end === -1 ? 1024 : end).includes(0)) return null;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? 'encoded in UTF-16, as PowerShell does with `>`' : 'a binary file';
}

function findProblem(type: string | undefined, command: string | undefined, count: number): string | null {
  if (type === undefined || command === undefined) return "it is not of the form 'type: command'";
  if (type === '__proto__') return 'the type has a reserved name';
  if (command === '') return 'it has no command';
  if (command.includes('\0')) return 'it holds a NUL';
  if (command.length > maxCommandLength) return `its command is longer than ${maxCommandLength} characters`;
  if (count >= maxTypes) return `there are more than ${maxTypes} types`;
  return null;
}

function shorten(line: string): string {
  const start = line.length > 60 ? `${line.slice(0, 57)}...` : line;
  // eslint-disable-next-line no-control-regex -- that is what is escaped
  return start.replace(/[\u0000-\u001f\u007f-\u009f]/g, (found) => JSON.stringify(found).slice(1, -1));
}
