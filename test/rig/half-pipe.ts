import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to the platform that stops passing on what clients send after so many bytes, as a network that broke does. */
export class HalfPipe implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  #isFull = false;

  private constructor(port: number, maxBytes: number) {
    let passed = 0;
    this.#server = createServer((client) => {
      const upstream = createConnection(port, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      upstream.pipe(client);
      client.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        upstream.write(chunk);
        if (passed < maxBytes) return;
        this.#isFull = true;
        client.pause();
      });
    });
  }

  static async open(port: number, maxBytes: number): Promise<HalfPipe> {
    const pipe = new HalfPipe(port, maxBytes);
    pipe.#server.listen(0, '127.0.0.1');
    await once(pipe.#server, 'listening');
    return pipe;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** True once nothing is passed on any more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
