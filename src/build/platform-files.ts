import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '../log.ts';
import type { Mirror } from '../mirror/index.ts';
import type { WorkFolder } from './work-folder.ts';

/** Variables whose value is a file: certificates, and the settings of installers. */
const fileVariables: ReadonlySet<string> = new Set([
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'BUNDLE_SSL_CA_CERT',
  'PIP_CERT',
  'PIP_CONFIG_FILE',
  'npm_config_cafile',
  'npm_config_userconfig',
]);

const maxFileBytes = 4 * 1024 * 1024;

/**
 * The operator's variables as a build has to see them. A file that they name may lie where a build can't look, such as in
 * the operator's home: it is copied to `/tmp/platform`, and the variable names the copy. `/etc` and `/usr` are visible.
 */
export async function placePlatformFiles(
  variables: Readonly<Record<string, string>>,
  work: WorkFolder,
  inside: (path: string) => string,
  log: Logger,
): Promise<Readonly<Record<string, string>>> {
  const placed: Record<string, string> = { ...variables };
  for (const [name, path] of Object.entries(variables)) {
    if (!fileVariables.has(name) || /^\/(etc|usr)\//.test(path)) continue;
    const copy = join('platform', `${name}-${basename(path)}`);
    try {
      if ((await stat(path)).size > maxFileBytes) throw new Error(`larger than ${maxFileBytes} bytes`);
      await mkdir(join(work.tmpDir, 'platform'), { recursive: true, mode: 0o755 });
      await copyFile(path, join(work.tmpDir, copy));
      placed[name] = inside(copy);
    } catch (error) {
      log.warn({ variable: name, path, err: error }, 'file of a platform variable not given to the build');
      Reflect.deleteProperty(placed, name);
    }
  }
  return placed;
}

/** Tells the curl of a build to fetch from the mirror, whatever script starts it. Source: curl(1), CURL_HOME */
export async function placeCurlSettings(
  mirror: Mirror,
  work: WorkFolder,
  inside: (path: string) => string,
): Promise<Readonly<Record<string, string>>> {
  const folder = join('platform', 'curl');
  const home = inside(folder);
  await mkdir(join(work.tmpDir, folder), { recursive: true, mode: 0o755 });
  for (const [name, content] of Object.entries(await mirror.settings(home))) {
    await writeFile(join(work.tmpDir, folder, name), content, { mode: 0o644 });
  }
  return { CURL_HOME: home };
}
