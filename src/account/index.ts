export { tokenOf } from './token-of.ts';
export { authenticate } from './authenticate.ts';
export { ensureFirstAccount } from './ensure-first-account.ts';
export { hashToken, newToken } from './token.ts';
