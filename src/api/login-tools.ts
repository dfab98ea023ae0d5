import type { BrowserLogins } from '../account/index.ts';
import type { Platform } from '../lifecycle/index.ts';

export interface LoginTools {
  readonly platform: Platform;
  readonly logins: BrowserLogins;
}
