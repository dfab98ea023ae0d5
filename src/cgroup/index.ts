export { openCgroups, type Cgroups } from './open-cgroups.ts';
