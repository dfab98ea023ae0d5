/** True for a system error that says that the disk or the quota is full. */
export function isOutOfSpace(error: unknown): boolean {
  // Not `instanceof Error`: a native module's errors need not be of this realm.
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
  // The last two: SQLite's and PostgreSQL's (disk_full).
  if (typeof code === 'string' && ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', '53100'].includes(code)) return true;
  // Of a tool that we ran, only its words are left.
  if (typeof message === 'string' && /No space left on device|Disk quota exceeded/.test(message)) return true;
  return cause !== undefined && isOutOfSpace(cause);
}
