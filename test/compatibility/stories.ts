import { accessStory } from './stories/access.ts';
import { accountStory, sharingStory } from './stories/account.ts';
import { appsStory } from './stories/apps.ts';
import { databasesStory } from './stories/databases.ts';
import { deploysStory } from './stories/deploys.ts';
import { domainsStory } from './stories/domains.ts';
import { integrationsStory, nothingStory } from './stories/integrations.ts';
import { machineStory } from './stories/machine.ts';
import { pipelinesStory } from './stories/pipelines.ts';
import { runsStory } from './stories/runs.ts';
import type { Story } from './story.ts';

export { execStory } from './stories/exec.ts';
export { nothingStory };

/** Told by test/push/compatibility.test.ts, several at once; the longest first. */
export const stories: readonly Story[] = [
  deploysStory,
  databasesStory,
  runsStory,
  pipelinesStory,
  appsStory,
  accountStory,
  accessStory,
  integrationsStory,
  sharingStory,
  domainsStory,
  machineStory,
  nothingStory,
];
