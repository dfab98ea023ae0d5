export { openMirror, type Mirror } from './mirror.ts';
