import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** The path of a request as names below the root, or null for one that can mean no file: it climbs, hides, or isn't text. */
export function namesOf(path) {
  let plain;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (plain.length > 4096 || /[\0\\]/.test(plain)) return null;
  const names = plain.split('/').filter((name) => name !== '' && name !== '.');
  // Names with a dot first are for the machine (.git, .env), but for the one that certificates and the like are proved with.
  const isHidden = names.some((name, n) => name.startsWith('.') && !(n === 0 && name === '.well-known'));
  // A site beside its settings: those are for the platform.
  const isSetting = names.length === 1 && /^(static\.json|Staticfile|Procfile|app\.json)$/.test(names[0]);
  return names.includes('..') || isHidden || isSetting ? null : names;
}

/**
 * Opens a plain file below the root. A link is followed only to a file that is itself below the root. Null where there is none;
 * the caller closes what it gets.
 */
export async function openFile(root, names) {
  try {
    const path = await realpath(join(root, ...names));
    if (path !== root && !path.startsWith(root + sep)) return null;
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, stats, path };
    await handle.close();
    return null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'].includes(error.code)) return null;
    throw error;
  }
}

/** What a path means, in this order: the file, `<path>.html` (clean URLs), the folder's index.html. */
export async function findFile({ root, hasCleanUrls }, names, hasSlash) {
  const last = names.at(-1);
  if (last !== undefined && !hasSlash) {
    const file = await openFile(root, names);
    if (file !== null) return file;
    if (hasCleanUrls) {
      const page = await openFile(root, [...names.slice(0, -1), `${last}.html`]);
      if (page !== null) return page;
    }
  }
  const index = await openFile(root, [...names, 'index.html']);
  // Relative links of a page only work below its own folder.
  if (index !== null && !hasSlash && last !== undefined) {
    await index.handle.close();
    return { isFolder: true };
  }
  return index;
}
