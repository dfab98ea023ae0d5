import type { Environment } from '../../config/index.ts';

/** Names of this start are ours alone: the helper's own mark, by which an earlier call's settings are found. */
const helperMark = 'username=hokku';

/** The CA and the token for one host, as settings that git reads from the environment (`GIT_CONFIG_*`). */
export interface GitSettings {
  /** `https://paas.example.com:5000` */
  readonly gitOrigin: string;
  /** `$HOKKU_TOKEN_ORIGIN` of the shells in which the token is this host's. */
  readonly tokenOrigin: string;
  /** Path of the CA bundle; null: whom git trusts by itself. */
  readonly bundle: string | null;
}

/** Settings that this shell gives to git in the same way stay; ours of an earlier call are replaced. */
export function gitVariables(env: Environment, settings: GitSettings): Readonly<Record<string, string>> {
  const { gitOrigin, tokenOrigin, bundle } = settings;
  const foreign = foreignEntries(env);
  const entries: readonly (readonly [string, string])[] = [
    ...foreign,
    ...(bundle === null ? [] : [[`http.${gitOrigin}/.sslCAInfo`, bundle] as const]),
    // Without the empty one first, git would hand the token to every other helper, such as a keychain, to be stored.
    [`credential.${gitOrigin}.helper`, ''],
    [
      `credential.${gitOrigin}.helper`,
      // A shell that has gone on to another platform has another token, which is not for this host.
      `!f() { test "$1" = get && test "$HOKKU_TOKEN_ORIGIN" = '${tokenOrigin}' && printf "${helperMark}\\npassword=%s\\n" "$HEROKU_API_KEY"; }; f`,
    ],
  ];
  return numbered(entries);
}

/** What is left without ours. */
export function gitVariablesWithoutOurs(env: Environment): Readonly<Record<string, string>> {
  return numbered(foreignEntries(env));
}

function numbered(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return {
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([key, value], n) => [
        [`GIT_CONFIG_KEY_${n}`, key],
        [`GIT_CONFIG_VALUE_${n}`, value],
      ]),
    ),
  };
}

function foreignEntries(env: Environment): readonly (readonly [string, string])[] {
  const count = Math.min(Number(env['GIT_CONFIG_COUNT'] ?? 0) || 0, 1000);
  const all = Array.from(
    { length: count },
    (_, n) => [env[`GIT_CONFIG_KEY_${n}`] ?? '', env[`GIT_CONFIG_VALUE_${n}`] ?? ''] as const,
  ).filter(([key]) => key !== '');
  const origins = new Set(
    all
      .filter(([, value]) => value.includes(helperMark))
      .map(([key]) => key.replace(/^credential\.(.*)\.helper$/, '$1')),
  );
  return all.filter(([key]) => ![...origins].some((origin) => key.includes(`.${origin}`)));
}
