import { sandboxOptions, type Config, type NetworkOpening } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { noSandbox, probeSandbox, type Sandbox } from '../supervisor/index.ts';
import { findRegistries } from './registries.ts';
import type { LocalNetwork } from './bridged-network.ts';
import { NetworkUnavailableError, openNetwork, removeNetwork } from './open-network.ts';

/** What keeps dynos and builds apart on this machine. */
export interface Isolation {
  readonly sandbox: Sandbox;
  /** Null: they are on the machine's network. */
  readonly network: LocalNetwork | null;
  /** Takes down the network that is there for this platform, whichever of its processes made it. */
  removeNetwork(): Promise<void>;
  /** One line for the start-up message: what is kept apart, what is not, and why not. */
  readonly description: string;
  /** Why there is no network of their own. */
  readonly networkFault: NetworkUnavailableError | null;
}

/** `HOKKU_ISOLATION=strict` and not all of it works here. The message is complete; its parts are for `hokku doctor`. */
export class StrictIsolationError extends PlatformError {
  override readonly name = 'StrictIsolationError';
  readonly evidence: string;
  readonly lost = 'HOKKU_ISOLATION=strict can’t be had, so the platform does not start';
  readonly remedy: string;
  readonly packages: readonly string[];

  constructor({ sandbox, networkFault }: Isolation) {
    const isRoot = process.getuid?.() === 0;
    const evidence = [
      ...(hasWalls(sandbox) ? [] : [`sandbox: ${sandbox.description}`]),
      ...(isRoot ? [] : ['users: the platform is not root, so all apps are one user']),
      ...(networkFault === null ? [] : [`network: ${networkFault.message}`]),
    ].join('; ');
    const packages = networkFault?.packages ?? [];
    const install =
      packages.length === 0 ? '' : `install ${packages.join(' and ')} (apt-get install ${packages.join(' ')})`;
    const mending = [
      ...(isRoot ? [] : ['run the platform as root']),
      ...(install === '' ? [] : [install]),
      ...(hasWalls(sandbox) ? [] : ['install bubblewrap and leave HOKKU_SANDBOX unset']),
      ...(networkFault?.remedy == null ? [] : [networkFault.remedy.replace(/^L/, 'l').replace(/\.$/, '')]),
    ];
    if (mending.length === 0) mending.push('make what failed work for root: docs/operations.md says what it needs');
    const remedy = `To mend it: ${mending.join('; ')}. Or set HOKKU_ISOLATION=auto for the best that works here.`;
    super(
      'unavailable',
      `Not all of the isolation works here (${evidence}): HOKKU_ISOLATION=strict can’t be had, so the platform does not start. ${remedy}`,
    );
    this.evidence = evidence;
    this.remedy = remedy;
    this.packages = packages;
  }
}

/**
 * The best that works here, found by trying. `dataDir` names what is made for it. Throws a SandboxUnavailableError where
 * nothing that may be used works, and a StrictIsolationError where the operator demands more than works.
 */
export async function openIsolation(
  config: Config,
  dataDir: string,
  buildOpenings: readonly NetworkOpening[] = [],
): Promise<Isolation> {
  if (config.sandbox === 'none') return isolationOf(noSandbox, null, null, dataDir);
  const sandbox = await probeSandbox(sandboxOptions(config, config.sandbox));
  const { network, fault } = await tryNetwork(config, sandbox, dataDir, buildOpenings);
  const isolation = isolationOf(sandbox, network, fault, dataDir);
  const isStrict = hasWalls(sandbox) && network !== null;
  if (config.isolation === 'strict' && !isStrict) {
    throw new StrictIsolationError(isolation);
  }
  return isolation;
}

async function tryNetwork(
  config: Config,
  sandbox: Sandbox,
  dataDir: string,
  buildOpenings: readonly NetworkOpening[],
): Promise<{ readonly network: LocalNetwork | null; readonly fault: NetworkUnavailableError | null }> {
  try {
    // The files by which names are resolved would be the machine's.
    if (!hasWalls(sandbox)) throw new NetworkUnavailableError('it takes a sandbox with walls');
    const publicPorts = [config.port, config.execPort ?? 0].filter((port) => port !== 0);
    const forBuilds = [...(await findRegistries(config.buildEnvironment)), ...buildOpenings];
    const openings = { allowed: config.networkOpenings, forBuilds };
    return { network: await openNetwork({ dataDir, publicPorts, ...openings }), fault: null };
  } catch (error) {
    if (error instanceof NetworkUnavailableError) return { network: null, fault: error };
    throw error;
  }
}

function isolationOf(
  sandbox: Sandbox,
  network: LocalNetwork | null,
  networkFault: NetworkUnavailableError | null,
  dataDir: string,
): Isolation {
  const shared =
    'the network is the machine’s: apps and builds reach its loopback, the networks around it and each other’s ports';
  const why = networkFault === null ? '' : ` (not better because ${networkFault.message})`;
  const described = network?.description ?? `${shared}${why}`;
  return {
    sandbox,
    network,
    networkFault,
    description: `${sandbox.description}; ${described}`,
    removeNetwork: () => removeNetwork(dataDir),
  };
}

function hasWalls({ rung }: Sandbox): boolean {
  return rung !== 'process';
}
