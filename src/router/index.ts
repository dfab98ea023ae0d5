export { openRouter, type RouterOptions } from './open-router.ts';
export type { Router } from './router.ts';
export type { RouterLimits } from './limits.ts';
