// check.mjs BUILD_DIR: whether the server will start. Ends with status 1 and the reason; prints a warning for what it won't do.
import { readConfig } from './config.mjs';

try {
  const { unknown } = readConfig(process.argv[2] ?? '.', {});
  if (unknown.length > 0) {
    process.stdout.write(
      `Warning: static.json names what isn't supported here: ${unknown.join(', ').slice(0, 200)}.\n\nThe site is served without it.\n`,
    );
  }
} catch (error) {
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
}
