export { defaultReceiverLimits, type ReceiverDeps, type ReceiverLimits } from './deps.ts';
export { receiverPlugin } from './receiver-plugin.ts';
