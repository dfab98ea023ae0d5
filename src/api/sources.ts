import { withApp, type ApiCall, type Routes } from './api-call.ts';
import { downloadUrl, uploadUrl } from './signed-urls.ts';

/** A place to upload a tarball of source to, for a build or an app setup. */
export const sourceRoutes: Routes = {
  'POST /sources': createSource,
  'POST /apps/:app/sources': withApp(createSource),
};

function createSource(call: ApiCall): unknown {
  const id = call.platform.sources.newId();
  call.reply.code(201);
  return { source_blob: { get_url: downloadUrl(call, 'sources', id), put_url: uploadUrl(call, 'sources', id) } };
}
