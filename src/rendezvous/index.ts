export { execPlugin, type ExecTools } from './exec-plugin.ts';
export { ExecReservations } from './exec-reservations.ts';
export { openRendezvous } from './open-rendezvous.ts';
export { acceptSshUpgrades } from './ssh-upgrade.ts';
export { sshHostKeys } from './ssh-host-key.ts';
