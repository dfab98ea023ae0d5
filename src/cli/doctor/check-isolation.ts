import { sandboxOptions, type Config } from '../../config/index.ts';
import { openIsolation, StrictIsolationError, type Isolation } from '../../network/index.ts';
import { probeSandbox, SandboxUnavailableError, type Sandbox } from '../../supervisor/index.ts';
import { degraded, missing, ok, type Finding } from './finding.ts';

const name = 'isolation';

/** What keeps apps apart: tried out, under a name of our own. `needsPassage`: apps will walk to their folders by the full path, as users of their own. */
export async function checkIsolation(
  config: Config,
  { isForStart = false }: { readonly isForStart?: boolean } = {},
): Promise<{
  readonly findings: readonly Finding[];
  readonly needsPassage: boolean;
  /** Null: there is none. */
  readonly sandbox: Sandbox | null;
}> {
  try {
    const choice = config.sandbox === 'none' ? null : config.sandbox;
    // The network is tried once more by the platform, which says what came of it. Who demands it has to know what to install.
    if (isForStart && config.isolation !== 'strict') {
      const sandbox = await probeSandbox(sandboxOptions(config, choice));
      return { findings: [findingOf(sandbox, config)], needsPassage: needsPassageIn(sandbox), sandbox };
    }
    const isolation = await openIsolation({ ...config, sandbox: choice }, `${config.dataDir}/doctor-${process.pid}`);
    await isolation.removeNetwork();
    const { sandbox } = isolation;
    const findings = [findingOf(sandbox, config), networkFinding(isolation)];
    return { findings, needsPassage: needsPassageIn(sandbox), sandbox };
  } catch (error) {
    if (!(error instanceof SandboxUnavailableError || error instanceof StrictIsolationError)) throw error;
    const { evidence, lost, remedy, packages } = error;
    return { findings: [missing(name, { evidence, lost, remedy, packages })], needsPassage: false, sandbox: null };
  }
}

function needsPassageIn(sandbox: Sandbox): boolean {
  return !sandbox.hasPrivatePaths && process.getuid?.() === 0;
}

function networkFinding({ network, networkFault }: Isolation): Finding {
  if (network !== null) return ok('network', network.description, false);
  const packages = networkFault?.packages ?? [];
  return degraded('network', {
    evidence: `the machine’s own: ${networkFault?.message ?? 'no other was tried'}`,
    lost: 'apps and builds can reach services on this machine’s loopback, the networks around it and each other’s ports',
    remedy:
      packages.length > 0
        ? `Install ${packages.join(' and ')}.`
        : (networkFault?.remedy ?? 'Run the platform as root where network namespaces and nftables work.'),
    packages,
  });
}

function findingOf({ rung, description: evidence }: Sandbox, config: Config): Finding {
  // Where it was asked for, nothing is to be installed.
  const packages = config.sandbox === null ? ['bubblewrap'] : [];
  switch (rung) {
    case 'bwrap':
      return ok(name, evidence, false);
    case 'unshare':
      if (config.sandbox === 'unshare') return ok(name, evidence, false);
      return degraded(name, {
        evidence,
        lost: 'the walls are the same, but made by Hokku itself: bubblewrap’s have been reviewed by more people',
        remedy: 'Install bubblewrap.',
        packages,
      });
    case 'process':
      return degraded(name, {
        evidence,
        lost:
          process.getuid?.() === 0
            ? 'apps and builds see the files of this machine as any user does, and there is no /app folder'
            : 'apps and builds can read all that this user can, the platform’s secrets and other apps’ config vars among it, and there is no /app folder',
        remedy: 'Install bubblewrap, allow user namespaces, and leave HOKKU_SANDBOX unset.',
        packages,
      });
    default:
      throw new Error('Internal: unknown sandbox rung');
  }
}
