import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ProcessType } from '../model/ids.ts';
import type { ProcessTypes } from '../model/slug.ts';
import { parseProcfile } from '../slug/index.ts';
import type { BuildScreen } from './build-screen.ts';

/** Reads the built app's Procfile, prints what it declares, and puts it over the buildpack's defaults. */
export async function discoverProcessTypes(
  dir: string,
  defaults: ProcessTypes,
  screen: BuildScreen,
): Promise<ProcessTypes> {
  const found = await readProcfile(dir);
  const procfile = found.bytes === null ? { types: {}, warnings: found.warnings } : parseProcfile(found.bytes);
  const types = { ...defaults, ...procfile.types };

  screen.line('-----> Discovering process types');
  const procfileNames = namesOf(procfile.types);
  const defaultNames = namesOf(defaults).filter((name) => !procfileNames.includes(name));
  if (defaultNames.length === 0) {
    screen.line(`       Procfile declares types -> ${listOf(procfileNames)}`);
  } else {
    screen.line(`       Procfile declares types     -> ${listOf(procfileNames)}`);
    screen.line(`       Default types for buildpack -> ${listOf(defaultNames)}`);
  }
  for (const warning of procfile.warnings) screen.line(` !     Warning: ${warning}`);
  if (!('web' in types)) {
    screen.line(
      ' !     Warning: There is no web process type: requests to the app get an error page (H14). If it should',
    );
    screen.line(
      " !              answer them, add a line such as 'web: python server.py' to its Procfile and push again.",
    );
  }
  return types;
}

function namesOf(types: ProcessTypes): readonly string[] {
  return (Object.keys(types) as ProcessType[]).toSorted();
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}

/** `bytes` is null when there is no Procfile that can be read; `warnings` say why, if it looks as if there should be one. */
type Procfile = { readonly bytes: Buffer } | { readonly bytes: null; readonly warnings: readonly string[] };

const maxBytes = 1024 * 1024;

/** It may be a link, as any file of the app may, but not to something outside of the app. */
async function readProcfile(dir: string): Promise<Procfile> {
  try {
    const path = await realpath(join(dir, 'Procfile'));
    if (!path.startsWith((await realpath(dir)) + sep)) return ignored('it is a link to something outside of the app');
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return ignored(stats.isDirectory() ? 'it is a folder' : 'it is no file');
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
      return { bytes: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code ?? '') {
      case 'ENOENT':
        return (await isThere(join(dir, 'Procfile'))) ? ignored('it is a link to nothing') : missing(dir);
      case 'ELOOP':
      case 'ENOTDIR':
        return ignored('it is a link to nothing');
      case 'ENXIO':
        return ignored('it is no file');
      case 'EACCES':
        return ignored('it can not be read');
      default:
        throw error;
    }
  }
}

function ignored(why: string): Procfile {
  return { bytes: null, warnings: [`The Procfile is ignored: ${why}. It must be a file in the root of the app.`] };
}

/** The name is often misspelt, which looks like an app without processes. */
async function missing(dir: string): Promise<Procfile> {
  const similar = (await readdir(dir)).find((name) => /^procfile(\.[a-z]{1,4})?$/i.test(name));
  if (similar === undefined) return { bytes: null, warnings: [] };
  return { bytes: null, warnings: [`'${similar}' is ignored: the name must be exactly 'Procfile'.`] };
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
