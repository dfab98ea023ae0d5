const registered =
  /^(?:urn:buildpack:|https:\/\/(?:buildpack-registry|codon-buildpacks)\.s3\.amazonaws\.com\/buildpacks\/)?([\w-]+\/[\w-]+)(?:\.tgz)?$/;

/** Below the root of the app's source; never out of it, and into nothing that is hidden. */
const inSource = /^\.(?:\/[A-Za-z0-9_-][\w.-]*){1,10}$/;

/**
 * A buildpack as clients write it: a registered name, Heroku's URN of it, the address of the registry's archive (all three
 * become the name), the URL of a git repository or a .tgz, or the folder of one in the app's source (`./buildpacks/ours`).
 * Null: none of these.
 */
export function parseBuildpackReference(text: string): string | null {
  const name = registered.exec(text)?.[1];
  if (name !== undefined) return name;
  if (isInSource(text)) return text;
  return /^https?:\/\/[^\s/@]+\/\S+$/.test(text) ? text : null;
}

/** Of the app's own source. */
export function isInSource(reference: string): boolean {
  return reference.length <= 500 && inSource.test(reference);
}
