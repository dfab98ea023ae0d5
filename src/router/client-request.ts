import { ServerResponse, type IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { requestIdOf } from './headers.ts';
import { RequestFault } from './request-fault.ts';
import type { HostName } from './host-name.ts';

/** One request as it came from a client, with what the router found out about it at once. */
export interface ClientRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly host: HostName;
  /** The request's target in origin form, `/posts?page=2`, or `*`. */
  readonly path: string;
  /** The address of the peer. */
  readonly ip: string;
  readonly protocol: 'http' | 'https';
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The connection and what was read of it after the head, if the client asks for another protocol. */
  readonly upgrade: Upgrade | null;
  /** Raised when the rest of the request turns out to be broken. */
  readonly fault: RequestFault;
}

export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

export function clientRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: { host: HostName; path: string },
  options: { expectsContinue: boolean; upgrade: Upgrade | null },
): ClientRequest {
  return {
    request,
    response,
    ...target,
    ...options,
    ip: addressOf(request.socket),
    protocol: request.socket instanceof TLSSocket ? 'https' : 'http',
    requestId: requestIdOf(request.rawHeaders),
    startedAt: Date.now(),
    fault: new RequestFault(),
  };
}

/** An answer on a connection that the parser has let go of because the client asked to upgrade it; it is closed after the answer. */
export function responseOn(upgrade: Upgrade, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(upgrade.socket);
  response.once('finish', () => {
    response.detachSocket(upgrade.socket);
    upgrade.socket.destroySoon();
    response.emit('close');
  });
  return response;
}

/** The port that the client believes it talks to; 80 and 443 where it names none. */
export function forwardedPort(client: ClientRequest): string {
  return String(client.host.port ?? (client.protocol === 'https' ? 443 : 80));
}

function addressOf(socket: Socket): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** Aborted when there is nobody left to answer, or nothing sensible to send on. */
export function goneSignal({ response, fault }: ClientRequest): AbortSignal {
  const gone = new AbortController();
  const abort = (): void => {
    // With a reason of its own, as the default one is an expensive object and every request ends here.
    gone.abort('gone');
  };
  fault.whenRaised(abort);
  if (response.closed || response.destroyed) abort();
  else response.once('close', abort);
  return gone.signal;
}
