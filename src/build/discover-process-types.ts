import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
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
  const bytes = await readProcfile(dir);
  const procfile = bytes === null ? null : parseProcfile(bytes);
  const declared = procfile?.types ?? {};

  screen.line('-----> Discovering process types');
  const procfileNames = namesOf(declared);
  const defaultNames = namesOf(defaults).filter((name) => !procfileNames.includes(name));
  if (defaultNames.length === 0) {
    screen.line(`       Procfile declares types -> ${listOf(procfileNames)}`);
  } else {
    screen.line(`       Procfile declares types     -> ${listOf(procfileNames)}`);
    screen.line(`       Default types for buildpack -> ${listOf(defaultNames)}`);
  }
  for (const warning of procfile?.warnings ?? []) screen.line(` !     Warning: ${warning}`);
  return { ...defaults, ...declared };
}

function namesOf(types: ProcessTypes): readonly string[] {
  return (Object.keys(types) as ProcessType[]).toSorted();
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}

const maxBytes = 1024 * 1024;

/** Null if there is none. It may be a link, as any file of the app may, but not to something outside of the app. */
async function readProcfile(dir: string): Promise<Buffer | null> {
  try {
    const path = await realpath(join(dir, 'Procfile'));
    if (!path.startsWith((await realpath(dir)) + sep)) return null;
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return null;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
}
