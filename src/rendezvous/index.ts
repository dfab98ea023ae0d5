export { openRendezvous } from './open-rendezvous.ts';
