/** More keys than this are counted, not named: the description is one line of `heroku releases`. */
const maxNamed = 20;

/**
 * What a release that comes from changed config vars is called: `Set FOO, BAR config vars`, `Remove FOO config vars`; for
 * both at once `Set FOO, Remove BAR config vars`. Keys only, never values.
 */
export function describeConfigChange(set: readonly string[], removed: readonly string[]): string {
  const parts = [
    ...(set.length > 0 ? [`Set ${named(set)}`] : []),
    ...(removed.length > 0 ? [`Remove ${named(removed)}`] : []),
  ];
  return `${parts.join(', ')} config vars`;
}

function named(keys: readonly string[]): string {
  if (keys.length <= maxNamed) return keys.join(', ');
  return `${keys.slice(0, maxNamed).join(', ')} and ${keys.length - maxNamed} more`;
}
