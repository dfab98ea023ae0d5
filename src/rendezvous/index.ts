export { openRendezvous } from './open-rendezvous.ts';
export { acceptSshUpgrades } from './ssh-upgrade.ts';
export { sshHostKeys } from './ssh-host-key.ts';
