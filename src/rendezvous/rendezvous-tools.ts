import type { Platform } from '../lifecycle/index.ts';

export type RendezvousTools = Pick<Platform, 'attachments' | 'logs'> & {
  readonly limits: Pick<Platform['limits'], 'attachIdleMs'>;
};
