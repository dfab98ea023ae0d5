export { Ballast } from './ballast.ts';
export { CollectionGate, holdCollection } from './collection-gate.ts';
export { measureDisk, type DiskPaths, type DiskUsage } from './measure-disk.ts';
export { reservedBytes } from './reserved-bytes.ts';
export { SpaceLedger, type SpaceClaim, type SpaceShortage } from './space-ledger.ts';
