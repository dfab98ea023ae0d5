import type { App } from '../model/app.ts';

/** Where the app answers, lower case and without a port. `domain` is the platform's (HOKKU_DOMAIN). */
export function hostNames(app: App, domain: string): readonly string[] {
  return [`${app.name}.${domain}`.toLowerCase()];
}
