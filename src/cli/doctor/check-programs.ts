import semver from 'semver';
import { spawn } from '../../lib/spawn.ts';
import { degraded, missing, ok, type Finding } from './finding.ts';

const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function checkNode(): Finding {
  const version = process.versions.node;
  if (semver.gte(version, '20.19.0')) return ok('node', version);
  return missing('node', { evidence: version, lost: 'everything', remedy: 'Install Node.js 20.19 or newer.' });
}

export async function checkProgram(
  name: string,
  args: readonly string[],
  atLeast: string,
  packages: readonly string[],
  purpose: string,
): Promise<Finding> {
  const trouble = (evidence: string): Finding =>
    missing(name, {
      evidence,
      lost: `without it the platform can't ${purpose}`,
      remedy: `Install ${name} ${atLeast} or newer.`,
      packages,
    });
  const said = await askVersion(name, args);
  if (said === null) return trouble('not found');
  const version = semver.coerce(said);
  if (version === null) return trouble(`\`${name} ${args.join(' ')}\` did not say its version`);
  return semver.gte(version, atLeast) ? ok(name, version.version) : trouble(`${version.version} is too old`);
}

/** What builds find: packages of apps that hold C or C++ code and come without a binary are compiled during the push. */
export async function checkCompiler(): Promise<Finding> {
  const tools = ['cc', 'c++', 'make'];
  const versions = await Promise.all(tools.map((tool) => askVersion(tool, ['--version'])));
  const absent = tools.filter((_, n) => versions[n] === null);
  if (absent.length === 0) return ok('compiler', versions.join(', '), false);
  const trouble = {
    evidence: `${absent.join(', ')} not found`,
    lost: 'apps whose packages hold C or C++ code and have no ready-made binary can’t be built',
    remedy: 'Install build-essential.',
    packages: ['build-essential'],
  };
  return absent.includes('cc') ? missing('compiler', trouble, false) : degraded('compiler', trouble);
}

/** The first line of what it says; null when it can't be run. */
async function askVersion(file: string, args: readonly string[]): Promise<string | null> {
  try {
    const env = { PATH: programPath, LC_ALL: 'C' };
    const { stdout, exitCode } = await spawn(file, args, { env, timeoutMs: 10_000 });
    return exitCode === 0 ? (stdout.toString('utf8').split('\n')[0] ?? '').trim() : null;
  } catch {
    return null;
  }
}
