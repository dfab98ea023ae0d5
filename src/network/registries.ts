import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkOpening } from '../config/index.ts';
import { readIfThere } from '../lib/read-if-there.ts';

/** Settings whose value is a file with addresses in it. */
const fileSettings = /^(PIP_CONFIG_FILE|npm_config_(userconfig|globalconfig))$/i;
/** Builds see these without being told. */
const machineFiles = ['/etc/pip.conf', '/etc/npmrc'];
const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ftp:': 21 };
const patienceMs = 3_000;

/**
 * Where the machine's settings for installers lead: proxies and registries, which may be on the machine itself or in its
 * private network. A name counts by what it resolves to now; one that does not resolve is left out.
 */
export async function findRegistries(
  environment: Readonly<Record<string, string>>,
): Promise<readonly NetworkOpening[]> {
  const texts = Object.entries(environment).flatMap(([name, value]) => {
    if (fileSettings.test(name)) return readIfThere(value) ?? '';
    const isProxy = /(^|_)proxy$/i.test(name) && !/no_?proxy$/i.test(name);
    return isProxy && !value.includes('://') ? `http://${value}` : value;
  });
  const places = new Map<string, { readonly host: string; readonly port: number }>();
  for (const text of [...texts, ...machineFiles.map((path) => readIfThere(path) ?? '')]) {
    for (const place of placesIn(text)) places.set(`${place.host}:${place.port}`, place);
  }
  const found = await Promise.all([...places.values()].map(openingsOf));
  return found.flat();
}

function placesIn(text: string): readonly { readonly host: string; readonly port: number }[] {
  return [...schemed(text).matchAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s,;|"'<>]+/gi)].flatMap(([url]) => {
    if (!URL.canParse(url)) return [];
    const { protocol, hostname, port } = new URL(url);
    const number = port === '' ? defaultPorts[protocol.replace(/^(git|sparse)\+/, '')] : Number(port);
    return hostname === '' || number === undefined ? [] : [{ host: hostname, port: number }];
  });
}

/** Without comments, and with the scheme that npm and pip think of where a proxy has none. */
function schemed(text: string): string {
  return text
    .replace(/^\s*[#;].*$/gm, '')
    .replace(/^(\s*(?:https?-)?proxy\s*=\s*)(?=[^\s/:]+:\d+\s*$)/gim, '$1http://');
}

async function openingsOf({ host, port }: { host: string; port: number }): Promise<readonly NetworkOpening[]> {
  if (host === 'localhost') return [{ net: '127.0.0.1', port }];
  const addresses = lookup(host, { family: 4, all: true }).catch(() => []);
  const found = await Promise.race([addresses, delay(patienceMs, [], { ref: false })]);
  return found.map(({ address }) => ({ net: address, port }));
}
