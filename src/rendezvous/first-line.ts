import type { Socket } from 'node:net';

const maxLineBytes = 1_024;
const lineMs = 10_000;

/** Reads up to the first LF and leaves the rest in the socket. Null, and the socket is closed, if it does not come in time. */
export function readFirstLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (line: string | null): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('close', onClose);
      if (line === null) socket.destroy();
      else socket.pause();
      resolve(line);
    };
    const onClose = (): void => {
      finish(null);
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.subarray(0, maxLineBytes).indexOf(0x0a);
      if (end === -1 && bytes.length >= maxLineBytes) finish(null);
      if (end === -1) return;
      finish(bytes.toString('latin1', 0, end).replace(/\r$/, ''));
      if (bytes.length > end + 1) socket.unshift(bytes.subarray(end + 1));
    };
    const timer = setTimeout(finish, lineMs, null);
    socket.on('close', onClose);
    socket.on('data', onData);
    socket.resume();
  });
}
