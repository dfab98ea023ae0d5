import { sandboxOptions, type Config } from '../../config/index.ts';
import { probeSandbox, SandboxUnavailableError, type Sandbox } from '../../supervisor/index.ts';
import { degraded, missing, ok, type Finding } from './finding.ts';

const name = 'isolation';

/** `needsPassage`: apps will walk to their folders by the full path, as users of their own. */
export async function checkSandbox(config: Config): Promise<{
  readonly isolation: Finding;
  readonly needsPassage: boolean;
  /** Null: there is none. */
  readonly sandbox: Sandbox | null;
}> {
  try {
    const sandbox = await probeSandbox(sandboxOptions(config, config.sandbox === 'none' ? null : config.sandbox));
    const needsPassage = !sandbox.hasPrivatePaths && process.getuid?.() === 0;
    return { isolation: findingOf(sandbox, config), needsPassage, sandbox };
  } catch (error) {
    if (!(error instanceof SandboxUnavailableError)) throw error;
    const { evidence, lost, remedy, packages } = error;
    return { isolation: missing(name, { evidence, lost, remedy, packages }), needsPassage: false, sandbox: null };
  }
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
