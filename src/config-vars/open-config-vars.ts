import { PlatformError } from '../errors/platform-error.ts';
import { seal, unseal } from '../lib/sealed-box.ts';
import type { AppId, ReleaseId } from '../model/ids.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Store } from '../store/index.ts';

/** Config vars at rest are encrypted; only this box sees both sides. */
export interface ConfigVarsBox {
  /** The app's present vars; empty before the first is set. */
  read(appId: AppId): Promise<ConfigVars>;
  /** The vars that the release was made with. Throws `not_found`. */
  ofRelease(release: ReleaseId): Promise<ConfigVars>;
  /** For AppQueries.writeConfig and for a release. Twice the same vars give different bytes. */
  seal(appId: AppId, vars: ConfigVars): Uint8Array;
  /** Of AppQueries.readConfig, inside a transaction. Null: no vars. Throws when it was sealed with another key. */
  open(appId: AppId, sealed: Uint8Array | null): ConfigVars;
}

/** `secretKey`: 32 bytes, HOKKU_SECRET_KEY. The app's id is authenticated with the vars, so a row moved to another app does not open. */
export function openConfigVars(store: Store, secretKey: Uint8Array): ConfigVarsBox {
  if (secretKey.length !== 32) {
    throw new PlatformError(
      'internal_server_error',
      `HOKKU_SECRET_KEY has ${secretKey.length} bytes; it must have 32 (64 hex digits).`,
    );
  }
  const contextOf = (appId: AppId): string => `config-vars:${appId}`;
  const open = (appId: AppId, sealed: Uint8Array | null): ConfigVars => {
    if (sealed === null) return {};
    const json = unseal(sealed, secretKey, contextOf(appId));
    if (json === null) {
      throw new PlatformError(
        'internal_server_error',
        `The config vars of app ${appId} can't be decrypted: HOKKU_SECRET_KEY is not the one the data was written with ` +
          '(or the data was changed). Start the platform with the key of that time; it belongs to the backup of the database.',
      );
    }
    return JSON.parse(json.toString('utf8')) as ConfigVars;
  };
  return {
    open,
    seal: (appId, vars) => seal(Buffer.from(JSON.stringify(vars), 'utf8'), secretKey, contextOf(appId)),
    read: async (appId) => open(appId, await store.apps.readConfig(appId)),
    ofRelease: async (id) => {
      const release = await store.releases.findById(id);
      if (release === null)
        throw new PlatformError('not_found', "Couldn't find that release.", { resource: 'release' });
      return open(release.appId, await store.releases.readConfigVars(id));
    },
  };
}
