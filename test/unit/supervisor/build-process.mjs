// A platform process to be killed in the middle of a build.
import { probeSandbox, runInSandbox } from '../../../dist/supervisor/index.js';

const { rung, command } = JSON.parse(process.argv[2]);
await runInSandbox(await probeSandbox({ hide: [], want: rung }), command, {
  onStdout: (chunk) => process.stdout.write(chunk),
  onStderr: (chunk) => process.stderr.write(chunk),
});
