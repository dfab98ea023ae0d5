/** What a person has to mend; lib/survey.sh has the words for each reason. */
export class Problem extends Error {
  constructor(reason, ...details) {
    super(reason);
    this.reason = reason;
    this.details = details;
  }
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For a line of fields between tabs. */
export function oneLine(value) {
  return String(value)
    .replaceAll(/[\t\n\r\0]+/g, ' ')
    .slice(0, 500);
}
