/** The form of `config --shell`: bare where nothing is special, else in quotes that a POSIX shell reads back. */
export function quoteForDotenv(value: string): string {
  if (!/["\s#!$&'()*,:;<=>?@[\\\]^`{|}]/.test(value)) return value;
  if (!/['\n]/.test(value)) return `'${value}'`;
  return `"${value.replaceAll(/(["\\$`!])/g, '\\$1').replaceAll('\n', '\\n')}"`;
}
