import { get } from 'node:http';
import { PlatformError } from '../../errors/platform-error.ts';

const patienceMs = 60_000;

/** Asks the router for the app's page until it answers 200; resolves with that answer's milliseconds. */
export async function firstAnswer(platform: string, host: string): Promise<number> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const started = performance.now();
    const status = await statusOf(new URL(platform), host);
    if (status === 200) return Math.round(performance.now() - started);
    if (Date.now() > deadline) {
      throw new PlatformError(
        'unavailable',
        `http://${host}/ answered ${status} for ${patienceMs / 1000} s. See \`heroku logs\`.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function statusOf(platform: URL, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(platform, { headers: { host: `${host}:${platform.port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', reject);
  });
}
