import type { DynoName } from '../model/ids.ts';
import type { ConfigVars } from '../model/release.ts';

/**
 * The whole environment of a dyno. Config vars may replace `PATH`, as on Heroku, but never what names the dyno or where it
 * listens. `PORT` is for `web` dynos only. Source: https://devcenter.heroku.com/articles/dynos#local-environment-variables
 */
export function dynoEnv(dyno: {
  readonly name: DynoName;
  readonly port: number | null;
  readonly configVars: ConfigVars;
}): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...dyno.configVars,
    HOME: '/app',
    DYNO: dyno.name,
    ...(dyno.port === null ? {} : { PORT: String(dyno.port) }),
  };
}
