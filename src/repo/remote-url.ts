/** The URL of a repository elsewhere, its credentials kept apart so that no message, log or process list shows them. */
export interface RemoteUrl {
  /** Without user and password; safe to show. */
  readonly url: string;
  /** One line for git's credential store, null if the URL carries none. */
  readonly credential: string | null;
  /** With credentials; for resolving the relative URLs of nested submodules only. */
  readonly full: string;
}

export type ParsedRemoteUrl = RemoteUrl | { readonly refused: string; readonly shown: string };

const maxUrlLength = 2048;

/**
 * Accepts http, https and git URLs. `parent` is the repository that names this one; the pushed one has no URL of its
 * own, so there a relative URL means nothing and is refused.
 */
export function parseRemoteUrl(raw: string, parent: RemoteUrl | null): ParsedRemoteUrl {
  const shown = redactUrl(raw);
  // eslint-disable-next-line no-control-regex
  if (raw.length > maxUrlLength || /[\u0000-\u0020\u007f]/.test(raw)) {
    return { refused: 'the URL is too long or has spaces or control characters in it', shown };
  }
  let url: URL;
  if (/^\.\.?(\/|$)/.test(raw)) {
    if (parent === null) {
      return {
        refused: 'the URL is relative, and a pushed repository has no URL to start from. Use a full https:// URL',
        shown,
      };
    }
    url = new URL(raw, `${parent.full.replace(/\/+$/, '')}/`);
  } else if (/^(https?|git):\/\//i.test(raw) && URL.canParse(raw)) {
    url = new URL(raw);
  } else {
    return {
      refused: 'only https://, http:// and git:// URLs can be fetched (there is no SSH key here). Use an https:// URL',
      shown,
    };
  }
  const full = url.href;
  const credential = url.username === '' ? null : `${url.protocol}//${url.username}:${url.password}@${url.host}\n`;
  url.username = '';
  url.password = '';
  return { url: url.href, credential, full };
}

/** Takes `user:password@` out of every URL in a text. */
export function redactUrl(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s'"]*@/gi, '$1');
}
