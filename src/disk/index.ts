export { Ballast } from './ballast.ts';
export { CollectionGate, holdCollection } from './collection-gate.ts';
export { freeSpace, type FreeSpace } from './free-space.ts';
export { measureDisk, measureFolder, type DiskPaths, type DiskUsage } from './measure-disk.ts';
export { reservedBytes } from './reserved-bytes.ts';
export { SpaceLedger, type SpaceClaim, type SpaceShortage } from './space-ledger.ts';
