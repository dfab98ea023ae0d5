// Finds how to start the web process of an app whose Procfile has none, after its build. Nothing is executed.
//
//   web-process.mjs BUILD_DIR MANAGER NODE_VERSION
//
// Prints `web<TAB>command`, `static` when that needs the server for files, `say<TAB>text` and `warning<TAB>text`.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, oneLine } from './problem.mjs';

const [dir = '.', manager = 'npm', nodeVersion = '0'] = process.argv.slice(2);

/** They serve the developer alone, rebuild at every change, and often don't listen on $PORT. */
const developmentServer =
  /^(?:cross-env\s+(?:\w+=\S+\s+)*|npx\s+)?(react-scripts start|ng serve|ng s|vite(?: dev| serve)?|astro dev|vue-cli-service serve|webpack(?:-dev-server| serve)|parcel(?: serve)?|gatsby develop|next dev|nuxt dev|svelte-kit dev|craco start|rsbuild dev)\b/;
/** Where builds leave files to be served, with the file that says so. */
const outputs = ['dist', 'build', 'out', 'www', '_site', 'public', '.output/public'];
const servers = [
  ['.output/server/index.mjs', 'Nuxt or Nitro'],
  ['build/handler.js', 'SvelteKit', 'build'],
  ['dist/server/entry.mjs', 'Astro'],
];

const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8').replace(/^\uFEFF/, ''));
const scripts = isObject(manifest.scripts) ? manifest.scripts : {};
const procfile = existsSync(join(dir, 'Procfile')) ? readFileSync(join(dir, 'Procfile'), 'utf8') : null;

if (procfile === null) findWeb();
else if (!/^web:?[ \t]/m.test(procfile) && !/^mcp/m.test(procfile) && startScript() !== null)
  print('web', `${manager} start`);

function print(...values) {
  process.stdout.write(`${values.map(oneLine).join('\t')}\n`);
}

function has(path) {
  try {
    return statSync(join(dir, path)).isFile();
  } catch {
    return false;
  }
}

/** Null where there is none, or one for developers only. */
function startScript() {
  return typeof scripts.start === 'string' && !developmentServer.test(scripts.start.trim()) ? scripts.start : null;
}

function findWeb() {
  if (has('static.json')) return serveFiles(null);
  if (startScript() !== null) return print('web', `${manager} start`);
  const server = servers.find(([file]) => has(file));
  if (server !== undefined) return start(`node ${server[2] ?? server[0]}`, `built by ${server[1]}`);
  if (has('node_modules/next/package.json') && existsSync(join(dir, '.next')))
    return start('node_modules/.bin/next start -p $PORT', 'Next.js');
  const folder = staticOutput();
  if (folder !== null) return serveFiles(folder);
  const main = typeof manifest.main === 'string' ? manifest.main.replace(/^\.\//, '') : '';
  const withTypes =
    Number(nodeVersion.split('.')[0]) >= 23 ? ['server.ts', 'app.ts', 'index.ts', 'src/server.ts', 'src/index.ts'] : [];
  const files = [
    'server.js',
    main,
    `${main}.js`,
    'bin/www',
    'server.mjs',
    'app.js',
    'app.mjs',
    'index.js',
    'index.mjs',
    'src/server.js',
    'src/index.js',
    ...withTypes,
  ];
  const file = files.find((name) => /^[\w./-]+$/.test(name) && !name.includes('..') && has(name));
  if (file !== undefined) return start(`node ${file}`, 'package.json has no start script');
  if (scripts.start !== undefined) {
    return print(
      'warning',
      `the start script '${oneLine(scripts.start).slice(0, 100)}' is a server for development, and the build left no index.html in ${outputs.slice(0, 3).join(', ')} to serve instead. Add a Procfile with a line 'web: ...'.`,
    );
  }
  print(
    'say',
    "No web process was found. Add a script named start to package.json, or a Procfile with a line such as 'web: node server.js'",
  );
}

function start(command, why) {
  print(
    'say',
    `No Procfile was found: the web process will be '${command}' (${why}; on Heroku, add a Procfile with 'web: ${command}')`,
  );
  print('web', command);
}

/** Only of a build: an index.html beside a server's code is the server's. */
function staticOutput() {
  if (scripts.build === undefined && scripts['heroku-postbuild'] === undefined) return null;
  const nested = angularOutputs();
  return [...nested, ...outputs].find((folder) => has(`${folder}/index.html`)) ?? null;
}

/** `dist/<project>/browser`, as angular.json names it. */
function angularOutputs() {
  try {
    const { projects } = JSON.parse(readFileSync(join(dir, 'angular.json'), 'utf8'));
    return Object.entries(projects).flatMap(([name, project]) => {
      const stated = project?.architect?.build?.options?.outputPath;
      const base = typeof stated === 'string' ? stated : (stated?.base ?? `dist/${name}`);
      return /^[\w./@-]+$/.test(base) && !base.includes('..') ? [`${base}/browser`, base] : [];
    });
  } catch {
    return [];
  }
}

function serveFiles(folder) {
  const command = `node .heroku/static/serve.mjs${folder === null ? '' : ` ${folder} --spa`}`;
  print('static');
  print(
    'say',
    folder === null
      ? 'Serving files as static.json says'
      : `Serving the files that the build left in ${folder}/, and index.html for all paths without a file (static.json changes how)`,
  );
  print('web', command);
}
