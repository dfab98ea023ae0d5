import type { ClientRequest as Outgoing, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RouterFailure } from './h-codes.ts';
import { pairs } from './headers.ts';
import { sizes } from './limits.ts';

/** Refuses what would be risky to pass on: H25 for sizes. Null when the head is fine. */
export function failureOfHead(incoming: IncomingMessage): RouterFailure | null {
  for (const [name, value] of pairs(incoming.rawHeaders)) {
    if (name.length + value.length + 2 > sizes.responseHeaderLine) return { code: 'H25', detail: 'oversized header' };
    if (name.toLowerCase() === 'set-cookie' && value.length > sizes.responseCookie) {
      return { code: 'H25', detail: 'oversized cookie' };
    }
  }
  return null;
}

/** What an error of the backend's connection means. `bytesRead`: how much it had sent before. */
export function failureOfError(error: NodeJS.ErrnoException, bytesRead: number, headSeen: boolean): RouterFailure {
  const code = error.code ?? '';
  if (code.startsWith('HPE_')) {
    if (headSeen) return { code: 'H17', status: 502 };
    if (code === 'HPE_HEADER_OVERFLOW') return { code: 'H25', detail: 'oversized header' };
    if (code.includes('CONTENT_LENGTH')) return { code: 'H25', detail: 'invalid content length' };
    return { code: 'H17' };
  }
  return { code: bytesRead === 0 ? 'H13' : 'H18' };
}

/**
 * Looks at the status line before the parser, which neither limits its length nor minds a missing reason phrase:
 * Heroku answers H25 to the first and H17 to the second.
 */
export function guardStatusLine(outgoing: Outgoing, socket: Socket, onFailure: (failure: RouterFailure) => void): void {
  // After an interim answer (1xx) the line of the final one is left to the parser.
  let line = '';
  const look = (chunk: Buffer): void => {
    const end = chunk.indexOf(0x0a);
    line += chunk.toString('latin1', 0, end === -1 ? sizes.responseStatusLine + 1 : end + 1);
    if (line.length > sizes.responseStatusLine) {
      socket.off('data', look);
      onFailure({ code: 'H25', detail: 'oversized status line' });
    } else if (end !== -1) {
      socket.off('data', look);
      if (!/^HTTP\/1\.[01] \d{3} [^\n]*\r\n$/.test(line)) onFailure({ code: 'H17' });
    }
  };
  outgoing.once('socket', () => {
    socket.prependListener('data', look);
  });
}
