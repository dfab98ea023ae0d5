// The house rules, all at once: eslint alone keeps one processor busy for as long as all the others need together.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const checks = [
  ['eslint', '-c', '.config/eslint.config.js', '.'],
  ['tsc', '--noEmit'],
  ['prettier', '-c', '.'],
  ['depcruise', '--config', '.dependency-cruiser.cjs', 'src'],
  ['knip', '--config', '.config/knip.json'],
];

/** Prints what it said once it has ended. Resolves with whether it found nothing wrong. */
function run([program, ...args]) {
  const child = spawn(join(root, 'node_modules', '.bin', program), args, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      console.log(`${[program, ...args].join(' ')}: ${code === 0 ? 'nothing wrong' : `ended with ${code}`}`);
      process.stdout.write(Buffer.concat(said));
      resolve(code === 0);
    });
  });
}

const passed = await Promise.all(checks.map(run));
if (passed.includes(false)) process.exitCode = 1;
