const registered =
  /^(?:urn:buildpack:|https:\/\/(?:buildpack-registry|codon-buildpacks)\.s3\.amazonaws\.com\/buildpacks\/)?([\w-]+\/[\w-]+)(?:\.tgz)?$/;

/**
 * A buildpack as clients write it: a registered name, Heroku's URN of it, the address of the registry's archive (all three
 * become the name), or the URL of a git repository or a .tgz. Null: none of these.
 */
export function parseBuildpackReference(text: string): string | null {
  const name = registered.exec(text)?.[1];
  if (name !== undefined) return name;
  return /^https?:\/\/[^\s/@]+\/\S+$/.test(text) ? text : null;
}
