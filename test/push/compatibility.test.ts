/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli', 'itWithCli.each'] }] */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { table } from '../compatibility/compatibility-page.ts';
import { runStory } from '../compatibility/run-story.ts';
import { stories } from '../compatibility/stories.ts';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

/** The CLI is busy for as long as it runs, so that more would only make each slower. */
const atOnce = 3;

const outcomes = new Map<string, Promise<readonly string[]>>();
let rig: PlatformRig;

interface OclifCommand {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly hiddenAliases?: readonly string[];
}

beforeAll(async () => {
  if (installation.status === 'missing') return;
  rig = await PlatformRig.start({
    settings: {
      HOKKU_BOOT_TIMEOUT: '20',
      HOKKU_STOP_GRACE: '2',
      // Nobody answers there: certs-auto.test.ts has an authority.
      HOKKU_ACME_EMAIL: 'operator@example.com',
      HOKKU_ACME_DIRECTORY: 'https://127.0.0.1:9/directory',
    },
  });
  const waiting = stories.map((story) => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const outcome = begun.then(() => runStory(story, installation, rig));
    outcome.catch(() => undefined); // Its test tells.
    outcomes.set(story.title, outcome);
    return { begin, outcome };
  });
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      one.begin();
      await one.outcome.catch(() => undefined);
    }
  };
  for (let n = 0; n < atOnce; n += 1) void next();
});

afterAll(async () => {
  if (installation.status === 'installed') await rig[Symbol.asyncDispose]();
});

itWithCli('every command and alias of the installed CLI is in the table', async () => {
  if (installation.status === 'missing') return;
  const manifest = join(installation.dir, 'node_modules', 'heroku', 'oclif.manifest.json');
  const { commands } = JSON.parse(await readFile(manifest, 'utf8')) as { commands: Record<string, OclifCommand> };
  await using cli = await HerokuCli.open(installation, rig);
  // The commands of its plugins too, but not the hidden ones.
  const listed = JSON.parse((await cli.run(['commands', '--json'], cli.home)).stdout) as OclifCommand[];
  const names = [...Object.values(commands), ...listed].flatMap((command) => [
    command.id,
    ...(command.aliases ?? []),
    ...(command.hiddenAliases ?? []),
  ]);
  expect(Object.keys(table.commands)).toEqual([...new Set(names)].sort());
});

itWithCli.each(stories)('the unmodified official CLI $title', async ({ title }) => {
  expect(await outcomes.get(title)).toEqual([]);
});
