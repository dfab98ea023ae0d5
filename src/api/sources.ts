import type { ApiCall } from './api-call.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { downloadUrl, uploadUrl } from './signed-urls.ts';

/** A place to upload a tarball of source to, for a build or an app setup. */
export const sourceRoutes: Routes = {
  'POST /sources': withAccount(createSource, { reach: 'apps' }),
  'POST /apps/:app/sources': withApp('deploy', createSource),
};

function createSource(call: ApiCall): unknown {
  const id = call.platform.sources.newId(call.account.id);
  call.reply.code(201);
  return { source_blob: { get_url: downloadUrl(call, 'sources', id), put_url: uploadUrl(call, 'sources', id) } };
}
