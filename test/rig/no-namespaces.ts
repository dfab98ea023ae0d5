import { spawnSync } from 'node:child_process';

/**
 * The start of a command line that runs the rest as an ordinary user who can make no user namespace, whoever runs the
 * tests: in a namespace of its own, whose limit of further ones is zero. Null, after saying so, where that is not to be had.
 */
export function withoutNamespaces(): readonly [string, ...string[]] | null {
  const script =
    'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"';
  const user = ['--map-user=61000', '--map-group=61000'];
  const prefix = ['unshare', '--user', ...user, '--keep-caps', 'sh', '-c', script, 'sh'] as const;
  const trial = spawnSync(prefix[0], [...prefix.slice(1), 'sh', '-c', 'id -u; unshare -U true']);
  if (trial.stdout.toString() === '61000\n' && trial.status !== 0) return [...prefix];
  process.stderr.write(`skipped: no user without namespaces can be had here: ${trial.stderr.toString()}\n`);
  return null;
}
