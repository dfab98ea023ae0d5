import { loadConfig, readEnvironment } from '../../config/index.ts';
import { spawn } from '../../lib/spawn.ts';
import type { Terminal } from '../terminal.ts';
import { examineForStart, examineMachine } from './checks.ts';
import type { Finding } from './finding.ts';

export interface DoctorOptions {
  readonly fix?: true;
  readonly json?: true;
  readonly brief?: true;
}

/** Exit status 0 when nothing that is required is missing. */
export async function doctorCommand(options: DoctorOptions, terminal: Terminal): Promise<number> {
  let findings = await examine();
  if (options.fix === true && (await mend(findings.filter(isNotOk), terminal))) findings = await examine();
  if (options.json === true) {
    terminal.out(`${JSON.stringify(findings, null, 2)}\n`);
  } else {
    for (const finding of findings) {
      if (options.brief !== true || finding.status !== 'ok') terminal.out(`${describe(finding)}\n`);
    }
  }
  return findings.some(isBlocking) ? 1 : 0;
}

/** What `server` and `demo` run first: mends as root, explains otherwise. False: the platform can't run here. */
export async function requireMachine(terminal: Terminal): Promise<boolean> {
  let findings = await examine(examineForStart);
  // Only what is required: an optional part must not cost an offline machine minutes at every start.
  if (await mend(findings.filter(isBlocking), terminal)) findings = await examine(examineForStart);
  for (const finding of findings) {
    if (finding.status !== 'ok' && !unsaid.has(finding.name)) terminal.err(`${describe(finding)}\n`);
  }
  const blocking = findings.filter(isBlocking);
  const packages = blocking.flatMap((finding) => finding.packages);
  if (packages.length > 0)
    terminal.err(`hokku: run this, then try again: sudo apt-get install ${packages.join(' ')}\n`);
  return blocking.length === 0;
}

/** At a start: the port is spoken of when it can't be had. */
const unsaid: ReadonlySet<string> = new Set(['port']);

function examine(by = examineMachine): Promise<readonly Finding[]> {
  return by(loadConfig(readEnvironment(), { isRoot: process.getuid?.() === 0, cwd: process.cwd() }));
}

function isNotOk(finding: Finding): boolean {
  return finding.status !== 'ok';
}

function isBlocking(finding: Finding): boolean {
  return finding.required && finding.status === 'missing';
}

function describe(finding: Finding): string {
  const line = `${finding.status.padEnd(8)} ${finding.name}: ${finding.evidence}`;
  const rest = [finding.lost, finding.remedy].filter((part) => part !== null);
  return rest.length === 0 ? line : `${line}\n         ${rest.join('. ')}`;
}

/** Installs from the distribution, if this is root on a machine with apt. True when something was installed. */
async function mend(findings: readonly Finding[], terminal: Terminal): Promise<boolean> {
  const packages = findings.flatMap((finding) => finding.packages);
  if (packages.length === 0 || process.getuid?.() !== 0) return false;
  const env = { ...aptEnvironment() };
  const apt = async (...args: string[]): Promise<boolean> => {
    try {
      return (await spawn('apt-get', args, { env, timeoutMs: 600_000 })).exitCode === 0;
    } catch {
      return false;
    }
  };
  let installed = false;
  let updated = false;
  for (const name of packages) {
    terminal.err(`hokku: installing ${name} with apt-get\n`);
    let done = await apt('install', '-y', '--no-install-recommends', name);
    if (!done && !updated) {
      updated = await apt('update');
      done = await apt('install', '-y', '--no-install-recommends', name);
    }
    if (!done) terminal.err(`hokku: couldn't install ${name}; try it by hand: apt-get install ${name}\n`);
    installed ||= done;
  }
  return installed;
}

/** Proxy and CA settings must reach apt as they would in the operator's shell. */
function aptEnvironment(): Record<string, string> {
  const inherited = Object.entries(readEnvironment()).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('HOKKU_'),
  );
  return { ...Object.fromEntries(inherited), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
}
