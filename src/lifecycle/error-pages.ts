import type { ErrorPages } from '../model/route.ts';
import type { ConfigVars } from '../model/release.ts';

const maxLength = 2_000;

/**
 * The app's own pages, as its config vars name them; what is no URL that a browser could show counts as none. They take
 * effect at once, with no release. Source: https://devcenter.heroku.com/articles/error-pages
 */
export function errorPagesOf(vars: ConfigVars): ErrorPages {
  return { error: pageUrl(vars['ERROR_PAGE_URL']), maintenance: pageUrl(vars['MAINTENANCE_PAGE_URL']) };
}

export function haveSamePages(one: ConfigVars, other: ConfigVars): boolean {
  return JSON.stringify(errorPagesOf(one)) === JSON.stringify(errorPagesOf(other));
}

/** `//` in front is as good as a scheme: then it is that of the request. */
function pageUrl(text: string | undefined): string | null {
  const isUrl = text !== undefined && text.length <= maxLength && /^(https?:)?\/\/[^/\s]/i.test(text);
  return isUrl && URL.canParse(text, 'https://localhost') ? text : null;
}
