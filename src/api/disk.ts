import { reportDisk, type AppDisk, type DiskReport } from '../lifecycle/index.ts';
import { withOperator, type Routes } from './route.ts';

/** Our own: what lies on the platform's disk, for its operator. All numbers are bytes on disk. */
export const diskRoutes: Routes = {
  'GET /disk': withOperator(async (call) => serializeDisk(await reportDisk(call.platform))),
  'POST /disk/actions/collect': withOperator(async (call) => {
    const { freedBytes } = await call.platform.disk.collect(0, true);
    return { freed: freedBytes, ...serializeDisk(await reportDisk(call.platform)) };
  }),
};

function serializeDisk({ disk, apps, ...rest }: DiskReport) {
  const { total, free, freeInodes } = disk;
  return { disk: { total, free, free_inodes: freeInodes }, ...rest, apps: apps.map(serializeAppDisk) };
}

function serializeAppDisk({ app, slugCount, ...sizes }: AppDisk): unknown {
  return { app: { id: app.id, name: app.name }, slug_count: slugCount, ...sizes };
}
