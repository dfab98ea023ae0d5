/** `Deploy 193d1419` for a commit, `Deploy v1.3.0` for another version, `Deploy` for none. */
export function describeDeploy(version: string | null): string {
  if (version === null || version === '') return 'Deploy';
  return `Deploy ${/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(version) ? version.slice(0, 8) : version}`;
}
