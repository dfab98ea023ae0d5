import type { BrowserLogins, GuessLimit } from '../account/index.ts';
import type { Platform } from '../lifecycle/index.ts';

export interface LoginTools {
  readonly platform: Platform;
  readonly logins: BrowserLogins;
  /** The same that counts passwords at the API. */
  readonly guesses: GuessLimit;
}
