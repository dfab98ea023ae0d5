export { parseHierarchies, type Hierarchy } from './hierarchies.ts';
export { openCgroups, type Cgroups } from './open-cgroups.ts';
