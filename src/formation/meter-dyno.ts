import { memoryLine, r14 } from '../lib/memory-text.ts';
import type { MeteredDyno } from '../model/dyno.ts';
import { dynoSizes } from '../model/formation.ts';
import type { AppId } from '../model/ids.ts';
import type { DynoTools } from './dyno-tools.ts';
import type { DynoVoice } from './dyno-voice.ts';
import { LoadAverage, metricsLines } from './runtime-metrics.ts';
import { pause } from './waiting.ts';

const mebibyte = 1024 * 1024;

/**
 * Looks at what a dyno uses, as often as Heroku does, until it has ended: R14 while it is above its quota, and its metrics if the app
 * wants them. What is cached does not count for the quota: the kernel takes that back when it needs it.
 */
export async function meterDyno(
  tools: Pick<DynoTools, 'lifetime' | 'limits' | 'wantsMetrics'>,
  appId: AppId,
  dyno: MeteredDyno,
  voice: DynoVoice,
  ended: Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  const stop = (): void => {
    over.abort();
  };
  tools.lifetime.addEventListener('abort', stop, { once: true });
  void ended.then(stop, stop);
  const quotaBytes = (dynoSizes.find(({ name }) => name === dyno.spec.size)?.memoryMb ?? 512) * mebibyte;
  const source = { appId, dynoId: dyno.spec.id, name: dyno.spec.name, quotaBytes };
  const load = new LoadAverage();
  const { meterEveryMs } = tools.limits;
  for (;;) {
    await pause(meterEveryMs, over.signal);
    if (tools.lifetime.aborted || over.signal.aborted) break;
    // A dyno that is just ending has no usage, and one look that fails is made up for by the next.
    const usage = await dyno.usage().catch(() => null);
    if (usage === null) continue;
    load.add(usage.runnable, meterEveryMs);
    const usedBytes = usage.rssBytes + usage.swapBytes;
    if (usedBytes > quotaBytes) voice.say(memoryLine(usedBytes, quotaBytes), r14);
    if (await tools.wantsMetrics(appId).catch(() => false)) voice.say(...metricsLines(source, usage, load));
  }
  tools.lifetime.removeEventListener('abort', stop);
}
