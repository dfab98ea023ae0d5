/**
 * The token of an `Authorization` header: `Bearer <token>`, or Basic with the token as password and any user name.
 * Null: none. Source: https://devcenter.heroku.com/articles/platform-api-quickstart#authentication
 */
export function tokenOf(header: string | undefined): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const password = basicCredentials(header)?.password ?? '';
  return password === '' ? null : password;
}

/** User and password of a Basic header; null when it is none. */
export function basicCredentials(
  header: string | undefined,
): { readonly user: string; readonly password: string } | null {
  const encoded = /^Basic +(\S+) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
