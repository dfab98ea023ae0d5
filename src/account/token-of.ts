/**
 * The token of an `Authorization` header: `Bearer <token>`, or Basic with the token as password and any user name.
 * Null: none. Source: https://devcenter.heroku.com/articles/platform-api-quickstart#authentication
 */
export function tokenOf(header: string | undefined): string | null {
  const match = /^(Bearer|Basic) +(\S+) *$/i.exec(header ?? '');
  const [, scheme, credentials] = match ?? [];
  if (scheme === undefined || credentials === undefined) return null;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const password = decoded.slice(decoded.indexOf(':') + 1);
  return decoded.includes(':') && password !== '' ? password : null;
}
