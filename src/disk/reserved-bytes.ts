const megabyte = 1024 * 1024;

/** What builds leave free on a disk of this size. */
export function reservedBytes({ reserveBytes }: { readonly reserveBytes: number | null }, totalBytes: number): number {
  const share = Math.min(2048 * megabyte, Math.max(64 * megabyte, Math.floor(totalBytes * 0.05)));
  return reserveBytes ?? Math.min(share, Math.floor(totalBytes * 0.1));
}
