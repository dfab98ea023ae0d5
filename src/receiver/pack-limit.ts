/** How large the pack of one push may be, and what is said of one that is larger. */
export interface PackLimit {
  readonly bytes: number;
  readonly text: string;
}

/** `room`: bytes that the disk has for it. */
export function limitOfPack(maxBytes: number, room: number): PackLimit {
  if (room < maxBytes) {
    const rest = room === 0 ? 'is full' : `has room for ${inMegabytes(room)} only`;
    const text = `Push rejected, the disk of the platform ${rest}. Ask its operator to free some: \`hokku disk\` shows who uses what. Then push again.`;
    return { bytes: room, text };
  }
  const text = `Push rejected, the pack is larger than ${inMegabytes(maxBytes)}. Remove large files from the history, or push a squashed commit.`;
  return { bytes: maxBytes, text };
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
