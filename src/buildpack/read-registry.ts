import { readFile, stat } from 'node:fs/promises';

const maxBytes = 1024 * 1024;
const nameForm = /^[a-z0-9][\w-]{0,62}\/[a-z0-9][\w-]{0,62}$/i;
const urlForm = /^(https?|git):\/\/[^\s/@]+\/\S+$/;

export type Registry =
  | { readonly status: 'read'; readonly urls: ReadonlyMap<string, string>; readonly changedAt: Date }
  | { readonly status: 'invalid'; readonly detail: string };

/**
 * The operator's names for buildpacks elsewhere: a JSON file `{"acme/java": "https://git.acme.example/java.git#v2"}`. It is
 * read each time, so that a change needs no restart. Names of the platform's own, `heroku/python`, stay theirs.
 */
export async function readRegistry(file: string | null): Promise<Registry> {
  if (file === null) return { status: 'read', urls: new Map(), changedAt: new Date(0) };
  let json: unknown;
  let changedAt: Date;
  try {
    const { size, mtime } = await stat(file);
    if (size > maxBytes) return { status: 'invalid', detail: 'it has more than 1 MB' };
    changedAt = mtime;
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { status: 'invalid', detail: code === undefined ? 'it is not JSON' : `it can't be read (${code})` };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { status: 'invalid', detail: 'it is not an object of names and URLs' };
  }
  const urls = new Map<string, string>();
  for (const [name, url] of Object.entries(json)) {
    if (!nameForm.test(name))
      return { status: 'invalid', detail: `${JSON.stringify(name.slice(0, 80))} is no name/name` };
    if (typeof url !== 'string' || !urlForm.test(url)) {
      // The URL may hold a password, so it is not shown.
      return { status: 'invalid', detail: `${name} has no https://, http:// or git:// URL without a password` };
    }
    urls.set(name, url);
  }
  return { status: 'read', urls, changedAt };
}
