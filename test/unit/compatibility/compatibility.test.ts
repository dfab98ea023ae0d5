import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { compatibilityPage, pagePath, table, workingCommands } from '../../compatibility/compatibility-page.ts';
import { execStory, stories } from '../../compatibility/stories.ts';
import { commandsOf } from '../../compatibility/story.ts';

it('calls a command of the official CLI working only if a story runs it, and tells it then', () => {
  const run = new Set([...stories, execStory].flatMap(commandsOf));
  expect([...workingCommands].sort()).toEqual([...run].sort());
});

it('gives a reason for every command that does not work', () => {
  const reasons = new Set(Object.values(table.commands).filter((status) => status !== 'works'));
  expect([...reasons].sort()).toEqual(Object.keys(table.reasons).sort());
});

it('has a page that says what the table says; npm run docs:compatibility writes it', async () => {
  expect(await readFile(pagePath, 'utf8')).toBe(compatibilityPage());
});
