export { agreeOnKey } from './agree-on-key.ts';
export { rotateKey, type RotatedKey } from './rotate-key.ts';
