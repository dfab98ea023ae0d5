/** As Heroku writes it: `646B`, `33.9K`, `48.3M`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const isSmall = bytes < 1024 * 1024;
  return `${(bytes / (isSmall ? 1024 : 1024 * 1024)).toFixed(1)}${isSmall ? 'K' : 'M'}`;
}

/** `731M`, of a whole number of megabytes. */
export function formatMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))}M`;
}
