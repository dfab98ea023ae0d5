import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { caseSchema, phaseNames, type CaseFile, type PhaseName } from './case-schema.ts';
import { patternFault } from './pattern.ts';

/** A case with its places on disk. */
export interface Case {
  /** Unique among the cases of a buildpack: `hello`. */
  readonly name: string;
  readonly file: string;
  readonly content: CaseFile;
  /** Of the app; null: it has inline files only. */
  readonly appDir: string | null;
  /** Laid over the app in the phase `changed`; null: none. */
  readonly overlayDir: string | null;
  /** Those that are to be run. */
  readonly phases: readonly PhaseName[];
  snapshotFile(phase: PhaseName): string;
}

export type LoadedCase =
  | { readonly status: 'loaded'; readonly case: Case }
  /** Each a sentence for the author. */
  | { readonly status: 'invalid'; readonly name: string; readonly file: string; readonly faults: readonly string[] };

const maxBytes = 1024 * 1024;

/** Made when the first case is read: it takes a while. */
let compiled: ValidateFunction | null = null;

function validator(): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strict: true, inlineRefs: false });
  ajv.addFormat('pattern', { type: 'string', validate: (text: string) => patternFault(text) === null });
  ajv.addFormat('expression', { type: 'string', validate: (text: string) => patternFault(`/${text}/`) === null });
  ajv.addFormat('inside', {
    type: 'string',
    validate: (path: string) => !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0'),
  });
  return ajv.compile(caseSchema);
}

/** Reads `test/<name>/case.yml` or `test/cases/<name>.yml`. */
export async function loadCase(file: string): Promise<LoadedCase> {
  const isInFolder = /^case\.ya?ml$/.test(basename(file));
  const dir = dirname(file);
  const name = isInFolder ? basename(dir) : basename(file).replace(/\.ya?ml$/, '');
  const invalid = (...faults: string[]): LoadedCase => ({ status: 'invalid', name, file, faults });

  const text = await readFile(file, 'utf8');
  if (text.length > maxBytes) return invalid('it has more than 1 MB');
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: 100, logLevel: 'error' }) ?? {};
  } catch (error) {
    return invalid(`it is no YAML: ${error instanceof Error ? error.message : ''}`);
  }
  compiled ??= validator();
  const validate = compiled;
  if (!validate(content)) return invalid(...new Set((validate.errors ?? []).map(describe)));
  const valid = content as CaseFile;

  const appDir = valid.app === undefined ? await defaultFolder(join(dir, 'app'), isInFolder) : resolve(dir, valid.app);
  if (appDir === null && valid.files === undefined) {
    return invalid('it has no app: name its folder with `app:`, or write its files below `files:`');
  }
  const overlay = valid.changed?.change.overlay;
  const overlayDir = overlay === undefined ? null : resolve(dir, overlay);
  for (const folder of [appDir, overlayDir]) {
    if (folder !== null && !(await isFolder(folder))) return invalid(`there is no folder ${relative(dir, folder)}`);
  }
  const snapshots = isInFolder ? join(dir, 'snapshots') : join(dir, 'snapshots', name);
  return {
    status: 'loaded',
    case: {
      ...{ name, file, content: valid, appDir, overlayDir },
      phases: phasesOf(valid),
      snapshotFile: (phase) => join(snapshots, `${phase}.txt`),
    },
  };
}

/** What comes after a cold build needs one. */
function phasesOf(content: CaseFile): readonly PhaseName[] {
  const wanted = phaseNames.filter((phase) => content[phase] !== undefined);
  const needsCold = wanted.length === 0 || wanted.some((phase) => phase === 'warm' || phase === 'changed');
  return needsCold && !wanted.includes('cold') ? ['cold', ...wanted] : wanted;
}

async function defaultFolder(dir: string, isInFolder: boolean): Promise<string | null> {
  return isInFolder && (await isFolder(dir)) ? dir : null;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}

function describe({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'the case' : instancePath.slice(1).replaceAll('/', '.');
  const { additionalProperty, allowedValues, format } = params as Record<string, unknown>;
  switch (keyword) {
    case 'additionalProperties':
      return `${where} has ${JSON.stringify(additionalProperty)}, which means nothing there`;
    case 'enum':
      return `${where} is none of ${(allowedValues as string[]).join(', ')}`;
    case 'format':
      return format === 'inside' ? `${where} leads out of its folder` : `${where} is no regular expression`;
    default:
      return `${where} ${message ?? 'is wrong'}`;
  }
}
