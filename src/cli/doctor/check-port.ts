import { createServer } from 'node:net';
import type { Config } from '../../config/index.ts';
import { degraded, ok, type Finding } from './finding.ts';

export function checkPort(config: Config): Promise<Finding> {
  const name = 'port';
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const evidence = `${config.bind}:${config.port}: ${error.code ?? error.message}`;
      const remedy = 'If that is not Hokku itself, stop what listens there or set HOKKU_PORT.';
      resolve(degraded(name, { evidence, lost: 'a second platform can’t start there', remedy }));
    });
    server.listen(config.port, config.bind, () => {
      server.close(() => {
        resolve(ok(name, `${config.bind}:${config.port} is free`, false));
      });
    });
  });
}
