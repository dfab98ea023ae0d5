// Serves files over HTTP on $PORT, as static.json in the current folder says.
//
//   node serve.mjs [FOLDER] [--spa]
//
// FOLDER is for an app without a static.json, whose `root` it would be; --spa answers paths without a file with its index.html.
import { createServer } from 'node:http';
import { answerer } from './answer.mjs';
import { readConfig } from './config.mjs';

const args = process.argv.slice(2);
const folder = args.find((arg) => !arg.startsWith('--')) ?? null;

let config;
try {
  config = readConfig('.', process.env, { root: folder, isSinglePage: args.includes('--spa') });
} catch (error) {
  process.stderr.write(`static: ${error.message}\n`);
  process.exit(1);
}

const server = createServer(
  { requestTimeout: 30_000, headersTimeout: 15_000, maxHeaderSize: 16 * 1024 },
  answerer(config),
);
// Longer than a router keeps an idle connection, so that it never sends a request into one that closes.
server.keepAliveTimeout = 95_000;
server.listen(Number(process.env.PORT ?? 5000), process.env.HOST ?? '0.0.0.0', () => {
  process.stdout.write(`static: serving ${config.root} on port ${server.address().port}\n`);
});
server.on('error', (error) => {
  process.stderr.write(`static: ${error.message}\n`);
  process.exit(1);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
