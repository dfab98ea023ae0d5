/**
 * What fsck finds in the histories of real, old projects and what harms nobody: wrong dates, missing names, odd modes.
 * Everything that could write outside a work tree (`..`, `.git`, a symlinked .gitmodules) stays an error.
 * Source: git-fsck(1), FSCK MESSAGES.
 */
const harmless = [
  'zeroPaddedFilemode',
  'zeroPaddedDate',
  'badTimezone',
  'badDate',
  'badDateOverflow',
  'badEmail',
  'badName',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeEmail',
  'missingSpaceBeforeDate',
  'multipleAuthors',
  'missingTaggerEntry',
  'badTagName',
  'badFilemode',
];

const dangerous = [
  'hasDot',
  'hasDotdot',
  'hasDotgit',
  'fullPathname',
  'emptyName',
  'gitmodulesSymlink',
  'gitmodulesUrl',
  'gitmodulesPath',
  'gitmodulesName',
  'gitmodulesUpdate',
];

/** `receive` for pushes, `fetch` for submodules. */
export function fsckConfig(section: 'receive' | 'fetch'): readonly string[] {
  return asArguments([
    [`${section}.fsckObjects`, 'true'],
    ...harmless.map((id): [string, string] => [`${section}.fsck.${id}`, 'ignore']),
    ...dangerous.map((id): [string, string] => [`${section}.fsck.${id}`, 'error']),
  ]);
}

/** Git's own upkeep never runs in the way of a push. */
export const quietConfig = asArguments([
  ['gc.auto', '0'],
  ['receive.autogc', 'false'],
  ['maintenance.auto', 'false'],
]);

export function asArguments(settings: readonly (readonly [key: string, value: string])[]): readonly string[] {
  return settings.flatMap(([key, value]) => ['-c', `${key}=${value}`]);
}
