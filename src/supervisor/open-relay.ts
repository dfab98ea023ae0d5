import { Duplex } from 'node:stream';
import { startProcess } from '../lib/spawn.ts';
import { supervisorFile } from './supervisor-file.ts';

/** A connection to a TCP port on the loopback of the network that the process `pid` is in. It ends with this process. */
export function openRelay(pid: number, port: number): Duplex {
  const child = startProcess(supervisorFile(), ['relay', String(pid), String(port)], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('Internal: the relay has no pipes');
  const stream = Duplex.from({ readable: stdout, writable: stdin });
  child.once('error', (error) => stream.destroy(error));
  stream.once('close', () => child.kill('SIGKILL'));
  return stream;
}
