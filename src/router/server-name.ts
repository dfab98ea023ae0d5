/** What the first bytes of a TLS connection tell of the host that the client asks for. */
export type ServerName = { readonly is: 'incomplete' } | { readonly is: 'known'; readonly name: string | null };

const unnamed: ServerName = { is: 'known', name: null };
/** Clients with post-quantum keys and many tickets send some 4 KiB. A longer one is shown the platform's certificate. */
const maxHelloBytes = 16 * 1024;

/**
 * Reads a ClientHello as far as its server name (SNI). What is no such thing has no name: the TLS server refuses it.
 * Sources: RFC 8446, 4.1.2 and 5.1; RFC 6066, 3.
 */
export function readServerName(bytes: Buffer): ServerName {
  const { handshake, isBroken } = joinRecords(bytes);
  if (handshake.length >= 1 && handshake[0] !== 1) return unnamed;
  const end = handshake.length < 4 ? null : 4 + handshake.readUIntBE(1, 3);
  if (isBroken || bytes.length > maxHelloBytes || (end ?? 0) > maxHelloBytes) return unnamed;
  if (end === null || handshake.length < end) return { is: 'incomplete' };
  try {
    return { is: 'known', name: nameIn(handshake.subarray(4, end)) };
  } catch {
    // Only a length that points outside of the message throws here.
    return unnamed;
  }
}

/** A handshake message may be spread over several records. */
function joinRecords(bytes: Buffer): { readonly handshake: Buffer; readonly isBroken: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  let isBroken = false;
  while (at + 5 <= bytes.length) {
    const length = bytes.readUInt16BE(at + 3);
    isBroken = bytes[at] !== 0x16 || length === 0;
    if (isBroken) break;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return { handshake: Buffer.concat(parts), isBroken };
}

/** Throws where a length points outside. */
function nameIn(hello: Buffer): string | null {
  let at = 2 + 32;
  at += 1 + hello.readUInt8(at); // session id
  at += 2 + hello.readUInt16BE(at); // cipher suites
  at += 1 + hello.readUInt8(at); // compression methods
  if (at === hello.length) return null;
  const end = Math.min(hello.length, at + 2 + hello.readUInt16BE(at));
  for (at += 2; at < end;) {
    const [type, length] = [hello.readUInt16BE(at), hello.readUInt16BE(at + 2)];
    // The list's length, the kind of the only name there is, its length.
    if (type === 0) return hello.toString('latin1', at + 9, at + 9 + hello.readUInt16BE(at + 7));
    at += 4 + length;
  }
  return null;
}
