import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Environment } from '../../config/index.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';

const mark = '# The private CA of the platform:\n';
const replaced = ['NODE_EXTRA_CA_CERTS', 'GIT_SSL_CAINFO'] as const;
const originLine = /^# (NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO) was (.+)$/gm;

/**
 * Writes the CAs that a shell trusts for the platform: its own (NODE_EXTRA_CA_CERTS or GIT_SSL_CAINFO: without them the
 * user would be cut off from a company network), then the platform's. An earlier platform's is left out, lest it could
 * vouch for this one. Resolves with the path; null when there is nothing to add to what the shell trusts.
 */
export async function writeCaBundle(path: string, ca: string | null, env: Environment): Promise<string | null> {
  const { origins, certificates, isOurs } = await readTrusted(env);
  if (ca === null && !isOurs) return null;
  const head = Object.entries(origins).map(([name, origin]) => `# ${name} was ${origin}\n`);
  const wanted = [...head, certificates === '' ? '' : `${certificates}\n`, mark, ca ?? ''].join('');
  if ((await readFile(path, 'utf8').catch(() => null)) !== wanted) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, wanted);
  }
  return path;
}

/** What the shell had in NODE_EXTRA_CA_CERTS and GIT_SSL_CAINFO before `hokku env`. */
export async function originalTrust(env: Environment): Promise<Readonly<Record<string, string>>> {
  return (await readTrusted(env)).origins;
}

interface Trusted {
  readonly origins: Readonly<Record<string, string>>;
  /** PEM, without that of a platform. */
  readonly certificates: string;
  readonly isOurs: boolean;
}

async function readTrusted(env: Environment): Promise<Trusted> {
  const path = env['NODE_EXTRA_CA_CERTS'] ?? env['GIT_SSL_CAINFO'];
  const present = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '');
  const isOurs = present.includes(mark);
  const own = isOurs ? present.slice(0, present.indexOf(mark)) : present;
  const origins = isOurs
    ? Array.from(own.matchAll(originLine), ([, name = '', origin = '']) => [name, origin] as const)
    : replaced.map((name) => [name, env[name] ?? ''] as const);
  return {
    origins: Object.fromEntries(origins.filter(([, origin]) => origin !== '' && !origin.includes('\n'))),
    certificates: (isOurs ? own.replaceAll(originLine, '') : own).trim(),
    isOurs,
  };
}
