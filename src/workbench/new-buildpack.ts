import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { exists } from '../lib/exists.ts';

const placeholder = '__NAME__';
const nameForm = /^[a-z][a-z0-9-]{0,49}$/;

/**
 * Makes a buildpack that works: the files of `templateDir` with the name in their texts and paths. `parent`: where its
 * folder is made. Throws a PlatformError for a name that is none, or that is taken. Returns the folder.
 */
export async function newBuildpack(name: string, parent: string, templateDir: string): Promise<string> {
  if (!nameForm.test(name)) {
    const detail = `${JSON.stringify(name.slice(0, 80))} is no name for a buildpack`;
    throw new PlatformError(
      'invalid_params',
      `${detail}: use small letters, digits and -, a letter first, 50 at most.`,
    );
  }
  const dir = join(parent, name);
  if (await exists(dir)) {
    throw new PlatformError('conflict', `${dir} is there already. Choose another name, or remove it first.`);
  }
  await copyTemplate(templateDir, dir, name);
  return dir;
}

async function copyTemplate(from: string, to: string, name: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    // npm leaves out what is called .gitignore.
    const target = join(to, entry.name === 'gitignore' ? '.gitignore' : entry.name.replaceAll(placeholder, name));
    if (entry.isDirectory()) {
      await copyTemplate(source, target, name);
      continue;
    }
    const { mode } = await stat(source);
    await writeFile(target, (await readFile(source, 'utf8')).replaceAll(placeholder, name));
    await chmod(target, mode & 0o755);
  }
}
