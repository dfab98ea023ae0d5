export { authenticate } from './authenticate.ts';
export { authenticatePassword } from './authenticate-password.ts';
export { createAccount, type NewAccount } from './create-account.ts';
export { ensureFirstAccount, firstDescription } from './ensure-first-account.ts';
export { GuessLimit } from './guess-limit.ts';
export { hashPassword, parsePassword, verifyPassword } from './password.ts';
export { neededScopes, scopesAllow, type Reach } from './scopes-allow.ts';
export { hashToken, hintOf, newToken } from './token.ts';
export { basicCredentials, tokenOf } from './token-of.ts';
