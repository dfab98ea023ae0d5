import { eventually, type Answer, type PlatformRig } from './platform-rig.ts';

export interface BuildJson {
  readonly id: string;
  readonly status: string;
  readonly output_stream_url: string;
  readonly slug: { readonly id: string } | null;
  readonly release: { readonly id: string } | null;
  readonly source_blob: { readonly url: string; readonly version: string | null; readonly checksum: string | null };
  readonly buildpacks: readonly { readonly name: string }[];
}

/** A request to a URL that the platform has given, without a token. */
export function open(
  rig: PlatformRig,
  url: string,
  options: Parameters<PlatformRig['request']>[2] = {},
): Promise<Answer> {
  const { hostname, pathname, search } = new URL(url);
  return rig.request(hostname, `${pathname}${search}`, options);
}

/** Uploads a tarball as a source; resolves with its get_url. */
export async function upload(rig: PlatformRig, bytes: Uint8Array): Promise<string> {
  const source = (await rig.api('POST', '/sources')).json as { source_blob: { get_url: string; put_url: string } };
  const answer = await open(rig, source.source_blob.put_url, { method: 'PUT', body: bytes });
  if (answer.status !== 200) throw new Error(`the upload was answered with ${answer.status}: ${answer.body}`);
  return source.source_blob.get_url;
}

/** Asks for a build and waits for its end. */
export async function build(
  rig: PlatformRig,
  app: string,
  sourceBlob: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly build: BuildJson; readonly output: string }> {
  const answer = await rig.api('POST', `/apps/${app}/builds`, { source_blob: sourceBlob, ...more });
  if (answer.status !== 201) throw new Error(`the build was answered with ${answer.status}: ${answer.body}`);
  const { id, output_stream_url: url } = answer.json as BuildJson;
  const output = (await open(rig, url)).body;
  return { build: await untilEnded(rig, app, id), output };
}

export function untilEnded(rig: PlatformRig, app: string, id: string): Promise<BuildJson> {
  return eventually('the end of the build', async () => {
    const build = (await rig.api('GET', `/apps/${app}/builds/${id}`)).json as BuildJson;
    return build.status !== 'pending' && build;
  });
}
