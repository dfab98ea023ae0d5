import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { PipelineId } from '../model/ids.ts';
import type { Pipeline } from '../model/pipeline.ts';
import type { Store } from '../store/index.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The pipeline that a client names by its name or id. Whoever may see one of its apps may `view` it; all else is for its
 * owner and the operator of the platform. Throws `not_found` for strangers, and `forbidden`.
 */
export async function authorizePipeline(
  store: Store,
  account: Account,
  nameOrId: string,
  need: 'view' | 'owner',
): Promise<Pipeline> {
  const accessible = await store.pipelines.listAccessible(account.id);
  const pipeline = uuid.test(nameOrId.toLowerCase())
    ? await store.pipelines.findById(nameOrId.toLowerCase() as PipelineId)
    : // Names are the owners': one's own comes before another's.
      (accessible.find(({ name, ownerId }) => name === nameOrId && ownerId === account.id) ??
      accessible.find(({ name }) => name === nameOrId));
  const isVisible = account.isOperator || accessible.some(({ id }) => id === pipeline?.id);
  if (pipeline === null || pipeline === undefined || !isVisible) {
    throw new PlatformError('not_found', "Couldn't find that pipeline.", { resource: 'pipeline' });
  }
  if (need === 'view' || account.isOperator || pipeline.ownerId === account.id) return pipeline;
  const owner = await store.accounts.findById(pipeline.ownerId);
  throw new PlatformError(
    'forbidden',
    `You do not have access to the pipeline ${pipeline.name}: only its owner may do this. Ask ${owner?.email ?? 'the operator'}.`,
    { resource: 'pipeline' },
  );
}
