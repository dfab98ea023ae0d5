import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../rig/platform-rig.ts';
import { nothingStory, stories } from './stories.ts';
import { commandsOf } from './story.ts';

interface Table {
  readonly reasons: Readonly<Record<string, { readonly is: 'not ours' | 'not yet'; readonly because: string }>>;
  /** By the name that is typed, aliases too: `works`, or the name of a reason. */
  readonly commands: Readonly<Record<string, string>>;
}

export const table = JSON.parse(readFileSync(join(import.meta.dirname, 'commands.json'), 'utf8')) as Table;

export const pagePath = join(checkout, 'docs', 'compatibility.md');

export const workingCommands: readonly string[] = namesWith('works');

/** docs/compatibility.md, as the table says. */
export function compatibilityPage(): string {
  const total = Object.keys(table.commands).length;
  const elsewhere = new Set(stories.filter((story) => story !== nothingStory).flatMap(commandsOf));
  const nothing = [...new Set(commandsOf(nothingStory))].filter((name) => !elsewhere.has(name)).sort();
  return `# What works of the official CLI

The \`heroku\` CLI 11.10.0, unmodified, in a shell that has evaluated \`hokku env\`. Of its ${total} commands (aliases counted, its plugins' commands too) ${workingCommands.length} work: each of them is run against a platform by the tests (\`test/push/compatibility.test.ts\`), which look at what it says and at its exit status. How to set the CLI up: [clients.md](clients.md).

This page is generated from \`test/compatibility/commands.json\` by \`npm run docs:compatibility\`.

## Works

${byTopic(workingCommands.filter((name) => !nothing.includes(name)))}

And these, which say, truthfully, that the platform has none of it: ${listed(nothing)}.

## Not ours

${withReasons('not ours')}

## Not yet

${withReasons('not yet')}
`;
}

function namesWith(status: string): readonly string[] {
  return Object.keys(table.commands).filter((name) => table.commands[name] === status);
}

function byTopic(names: readonly string[]): string {
  const topics = new Map<string, string[]>();
  for (const name of names) {
    const topic = name.split(':')[0] ?? name;
    topics.set(topic, [...(topics.get(topic) ?? []), name]);
  }
  return [...topics.values()].map((topic) => `- ${listed(topic)}`).join('\n');
}

function withReasons(kind: 'not ours' | 'not yet'): string {
  const rows = Object.entries(table.reasons)
    .filter(([reason, { is }]) => is === kind && namesWith(reason).length > 0)
    .map(([reason, { because }]) => `- ${because} ${listed(namesWith(reason))}`);
  return rows.length === 0 ? 'Nothing.' : rows.join('\n');
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
