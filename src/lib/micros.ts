/** Microseconds since 1970, UTC. Never goes back within this process, so that lines keep the order in which they were made. */
export function nowMicros(): bigint {
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
  last = now > last ? now : last + 1n;
  return last;
}

let last = 0n;
