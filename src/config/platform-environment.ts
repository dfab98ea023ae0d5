import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './env.ts';

/** Names that builds get from the machine, so that installers reach their registries on a company network as the operator's own shell does. */
const passedOn = [
  /^(SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|AWS_CA_BUNDLE)$/,
  /^(http|https|ftp|all|no)_proxy$/i,
  /^PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES|PROXY|CONFIG_FILE)$/,
  /^UV_(INDEX_URL|DEFAULT_INDEX|EXTRA_INDEX_URL|INDEX|PYTHON_INSTALL_MIRROR|NATIVE_TLS|SYSTEM_CERTS)$/,
  /^npm_config_(registry|cafile|proxy|https_proxy|noproxy|userconfig|globalconfig|nodedir)$/i,
  /^(NODEJS_ORG_MIRROR|RUSTUP_DIST_SERVER|GO_DOWNLOAD_MIRROR)$/,
  /^(ADOPTIUM_API_URL|MAVEN_CENTRAL_URL|GRADLE_DISTRIBUTIONS_URL)$/,
  /^(GOPROXY|GOPRIVATE|GONOPROXY|GONOSUMDB|GOSUMDB|GOFLAGS|CARGO_HTTP_CAINFO|CARGO_REGISTRIES_[A-Z0-9_]+)$/,
  /^BUNDLE_(MIRROR__.+|SSL_CA_CERT)$/,
];

export function platformEnvironment(env: Environment): Readonly<Record<string, string>> {
  const given = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && passedOn.some((name) => name.test(entry[0])),
    ),
  );
  return { ...installerSettings(env), ...given };
}

/** Settings that installers would find in the operator's home, which builds do not see. */
function installerSettings(env: Environment): Record<string, string> {
  const home = env['HOME'] ?? homedir();
  const configHome = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const found = (...paths: string[]): string | undefined => paths.find((path) => existsSync(path));
  const pip = found(join(configHome, 'pip', 'pip.conf'), join(home, '.pip', 'pip.conf'));
  const npm = found(join(home, '.npmrc'));
  return {
    ...(pip === undefined ? {} : { PIP_CONFIG_FILE: pip }),
    ...(npm === undefined ? {} : { npm_config_userconfig: npm }),
  };
}
