import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { Ports } from '../../../src/formation/ports.ts';
import { present } from '../../rig/formation-rig.ts';

it('hands out ports round robin and passes over those that something listens on', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const ports = new Ports({ from: port - 2, to: port + 2 });

  const taken = [await ports.take(), await ports.take(), await ports.take(), await ports.take()];

  expect(taken).not.toContain(port);
  expect(new Set(taken).size).toBe(4);
  await expect(ports.take()).rejects.toThrow('No port is free for a web dyno');
  ports.free(present(taken[1]));
  expect(await ports.take()).toBe(taken[1]);
  server.close();
});

it('does not reuse a freed port soon', async () => {
  const ports = new Ports({ from: 21_000, to: 21_050 });
  const first = await ports.take();
  ports.free(first);
  const next = await Promise.all(Array.from({ length: 20 }, () => ports.take()));
  expect(next).not.toContain(first);
});
