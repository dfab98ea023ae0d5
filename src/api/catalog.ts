import { PlatformError } from '../errors/platform-error.ts';
import { dynoSizes, type DynoSize } from '../model/formation.ts';
import type { ApiCall } from './api-call.ts';
import { sizeLabel } from './formation.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { always } from './timestamp.ts';

/** What the platform offers, and what every app has without asking. */
export const catalogRoutes: Routes = {
  'GET /regions': withAccount((call) => [serializeRegion(call)], { reach: 'identity' }),
  'GET /regions/:region': withAccount((call) => oneOf('region', call, [serializeRegion(call)]), { reach: 'identity' }),
  'GET /stacks': withAccount((call) => [serializeStack(call)], { reach: 'identity' }),
  'GET /stacks/:stack': withAccount((call) => oneOf('stack', call, [serializeStack(call)]), { reach: 'identity' }),
  'GET /apps/:app/available-stacks': withApp('view', (call) => [serializeStack(call)]),
  'GET /dyno-sizes': withAccount(() => dynoSizes.map(serializeDynoSize), { reach: 'identity' }),
  'GET /dyno-sizes/:size': withAccount((call) => oneOf('size', call, dynoSizes.map(serializeDynoSize)), {
    reach: 'identity',
  }),
};

interface Named {
  readonly id: string;
  readonly name: string;
}

function oneOf(resource: string, call: ApiCall, offered: readonly Named[]): Named {
  const which = call.param(resource);
  const found = offered.find(({ id, name }) => id === which || name.toLowerCase() === which.toLowerCase());
  if (found !== undefined) return found;
  throw new PlatformError('not_found', `Couldn't find that ${resource}.`, { resource });
}

function serializeRegion({ platform }: ApiCall): Named & Record<string, unknown> {
  return {
    id: stableId('region', platform.region),
    name: platform.region,
    description: 'This platform',
    country: '',
    locale: '',
    private_capable: false,
    // Clients are promised one of Heroku's own regions here; this is the one that Heroku calls us.
    provider: { name: 'hokku', region: 'us-east-1' },
    created_at: always,
    updated_at: always,
  };
}

function serializeStack({ platform }: ApiCall): Named & Record<string, unknown> {
  const { stack } = platform;
  return {
    id: stableId('stack', stack),
    name: stack,
    default: true,
    state: 'public',
    created_at: always,
    updated_at: always,
  };
}

function serializeDynoSize(size: DynoSize): Named & Record<string, unknown> {
  return {
    id: stableId('dyno-size', size.name),
    name: sizeLabel(size.name),
    memory: size.memoryMb / 1024,
    compute: 1,
    cost: null,
    dedicated: false,
    precise_dyno_units: 1,
    private_space_only: false,
    can_autoscale: false,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    generation: { id: stableId('generation', 'cedar'), name: 'cedar' },
    infrastructure_tier: 'production',
    product_dyno_tier: size.name.split('-')[0],
  };
}
