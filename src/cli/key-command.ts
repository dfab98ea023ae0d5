import { readRestoreId } from '../backup/index.ts';
import { loadConfig, readEnvironment, readSecretKey } from '../config/index.ts';
import { openDataFolder, readLock } from '../data-folder.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { isAlive } from '../lib/process-identity.ts';
import { openLogs } from '../log.ts';
import { agreeOnKey, rotateKey } from '../secret-key/index.ts';
import { openStore } from '../store/index.ts';
import { findDataDir } from './local-platform.ts';
import { requireOwnDatabase } from './require-own-database.ts';
import type { Terminal } from './terminal.ts';

/** `hokku key:rotate`: the control plane must be down, apps and router may be up. */
export async function rotateKeyCommand(options: { readonly json?: true }, terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const isRoot = process.getuid?.() === 0;
  const cwd = process.cwd();
  const dataDir = findDataDir(env, cwd, isRoot);
  const config = loadConfig({ ...env, HOKKU_DATA_DIR: dataDir }, { isRoot, cwd });
  await requireOwnDatabase(config);
  const holder = await readLock(dataDir);
  if (holder !== null && isAlive(holder)) {
    throw new PlatformError(
      'conflict',
      `The platform of ${dataDir} is running (process ${holder.pid}), and it knows only the key that it was started with. ` +
        `Stop it with \`kill -TERM ${holder.pid}\` (apps and router go on), run this again, then start it.`,
    );
  }
  const isFromEnvironment = (env['HOKKU_SECRET_KEY'] ?? '') !== '';
  const given = await readSecretKey(env, dataDir);
  if (given === null)
    throw new PlatformError('not_found', `There is no secret key in ${dataDir} yet; the first start makes one.`);
  await using data = await openDataFolder(dataDir);
  await using store = await openStore({
    url: config.databaseUrl,
    log: openLogs('error', false).store,
    restoreId: await readRestoreId(data.root),
  });
  const from = { secretKey: given, secretKeyFrom: isFromEnvironment ? 'environment' : 'file' } as const;
  const rotated = await rotateKey(store, data.root, await agreeOnKey(store, from, data.root));
  if (options.json === true) terminal.out(`${JSON.stringify(rotated)}\n`);
  else {
    terminal.out(
      `hokku: ${rotated.count} values are sealed with a new secret key (version ${rotated.version}, fingerprint ${rotated.to}), which is in ${data.root}/secret-key\n` +
        'hokku: keep a copy of it (hokku backup --key-only), and the old one as long as you keep backups from before\n',
    );
  }
  if (isFromEnvironment) {
    terminal.err(
      `hokku: HOKKU_SECRET_KEY still holds the old key (${rotated.from}): unset it for the server, or set it to what ${data.root}/secret-key holds\n`,
    );
  }
  return 0;
}
