import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { databaseServerVariable } from './rig/empty-database.ts';
import { checkout } from './rig/platform-rig.ts';
import { missingPostgres, startPostgres } from './rig/postgres.ts';

/**
 * `npm test`: the whole suite, then on PostgreSQL the stories of the whole platform that are most about its store. With
 * arguments, which go to jest, only what they name. `npm run test:postgres` is the second part alone, and
 * `npm run test:reliability` what takes too long for every change.
 */
const [first, ...others] = process.argv.slice(2);
if (first === '--postgres') {
  process.exitCode = await testOnPostgres(others);
} else if (first === '--reliability') {
  // Of the whole path, as the checkout's folder may have the name of a test as well.
  const named = others.map((one) => (/^\w[\w-]*$/.test(one) ? `test/reliability/${one}` : one));
  process.exitCode = await jest(['--selectProjects', 'reliability', '--runInBand', ...named], {});
} else {
  const args = first === undefined ? [] : [first, ...others];
  process.exitCode = await jest(args.length > 0 ? args : ['--selectProjects', 'unit', 'contract', 'push'], {});
  if (args.length === 0 && process.exitCode === 0) process.exitCode = await testOnPostgres([]);
}

/** One server for all; every platform in it has a database of its own. */
async function testOnPostgres(args: readonly string[]): Promise<number> {
  const missing = missingPostgres();
  await using server = missing === null ? await startPostgres() : null;
  if (server === null) {
    process.stderr.write(`The stories on PostgreSQL are skipped: ${missing ?? 'it did not start'}\n`);
    return 0;
  }
  const stories = args.length > 0 ? args : ['test/push/(push-to-live|releases|many-pushes|kill-nine)'];
  process.stderr.write(`On PostgreSQL: ${stories.join(' ')}\n`);
  return await jest(['--selectProjects', 'push', '--testPathPatterns', ...stories], {
    [databaseServerVariable]: server.url,
  });
}

function jest(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const program = join(checkout, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const config = join(checkout, '.config', 'jest.config.js');
  const child = spawn(process.execPath, [...flags, program, '--config', config, ...args], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  // Ctrl-C reaches it as well; we stay until it has ended.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code ?? 130);
    });
  });
}
