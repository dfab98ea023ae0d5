/** True for a system error that says that the disk or the quota is full. */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  // The last two: SQLite's and PostgreSQL's (disk_full).
  if (code !== undefined && ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', '53100'].includes(code)) return true;
  // Of a tool that we ran, only its words are left.
  if (/No space left on device|Disk quota exceeded/.test(error.message)) return true;
  return error.cause !== undefined && isOutOfSpace(error.cause);
}
