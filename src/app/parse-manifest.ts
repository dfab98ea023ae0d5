import { randomBytes } from 'node:crypto';
import { parseBuildpackReference } from '../model/buildpack-reference.ts';
import { dynoSizes, type DynoSizeName } from '../model/formation.ts';
import type { ProcessType } from '../model/ids.ts';

/** What an `app.json` asks of the app that is made from it. */
export interface Manifest {
  readonly env: Readonly<Record<string, string>>;
  /** References in order; empty: detect. */
  readonly buildpacks: readonly string[];
  readonly formation: readonly { readonly type: ProcessType; readonly quantity: number; readonly size: DynoSizeName }[];
  readonly postdeploy: string | null;
  /** Absolute, or a path of the app. */
  readonly successUrl: string | null;
}

export interface ManifestContext {
  readonly stack: string;
  /** Over the values of the manifest; keys that it does not have are set too. */
  readonly env: Readonly<Record<string, string>>;
  /** Instead of the manifest's. */
  readonly buildpacks: readonly string[] | null;
  /** The key of `environments` that changes what the manifest says; null: none. */
  readonly environment: 'review' | null;
}

export type ParsedManifest =
  | { readonly status: 'parsed'; readonly manifest: Manifest }
  /** Each of them a sentence for the author. */
  | { readonly status: 'invalid'; readonly errors: readonly string[] };

type JsonMap = Readonly<Record<string, unknown>>;

const maxErrors = 50;
const maxItems = 100;
const maxBuildpacks = 20;
const maxQuantity = 100;
const maxTextLength = 16_384;

/** Source: https://devcenter.heroku.com/articles/app-json-schema. What it says of other places than an app of ours means nothing here. */
export function parseManifest(text: string, context: ManifestContext): ParsedManifest {
  let read: unknown;
  try {
    read = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return {
      status: 'invalid',
      errors: [`app.json is not valid JSON: ${error instanceof Error ? error.message : ''}`],
    };
  }
  if (!isMap(read)) return { status: 'invalid', errors: ['app.json must be an object'] };
  const errors: string[] = [];
  const json = context.environment === null ? read : inEnvironment(read, context.environment, errors);
  checkOffered(json, context, errors);
  const manifest: Manifest = {
    env: readEnv(json['env'], context.env, errors),
    buildpacks: context.buildpacks ?? readBuildpacks(json['buildpacks'], errors),
    formation: readFormation(json['formation'], errors),
    postdeploy: readPostdeploy(json['scripts'], errors),
    successUrl: readText(json['success_url'], 'success_url', errors),
  };
  return errors.length === 0
    ? { status: 'parsed', manifest }
    : { status: 'invalid', errors: errors.slice(0, maxErrors) };
}

/** Config vars and scripts are added to the manifest's, one by one; everything else replaces it. */
function inEnvironment(json: JsonMap, environment: 'review', errors: string[]): JsonMap {
  const { env, scripts, ...others } = readMap(
    readMap(json['environments'], 'environments', errors)[environment],
    `environments.${environment}`,
    errors,
  );
  return {
    ...json,
    ...others,
    env: { ...readMap(json['env'], 'env', errors), ...readMap(env, `environments.${environment}.env`, errors) },
    scripts: {
      ...readMap(json['scripts'], 'scripts', errors),
      ...readMap(scripts, `environments.${environment}.scripts`, errors),
    },
  };
}

function checkOffered(json: JsonMap, { stack }: ManifestContext, errors: string[]): void {
  const wanted = readText(json['stack'], 'stack', errors);
  if (wanted !== null && wanted !== stack) errors.push(`stack ${quote(wanted)} is not offered here; use ${stack}`);
  const addons = json['addons'] ?? [];
  if (!Array.isArray(addons)) errors.push('addons must be a list');
  for (const addon of Array.isArray(addons) ? (addons as unknown[]).slice(0, maxItems) : []) {
    const plan: unknown = isMap(addon) ? addon['plan'] : addon;
    const name = typeof plan === 'string' ? quote(plan) : 'without a plan';
    errors.push(`add-on ${name} is not offered here; take it out, and set the config vars of a service of your own`);
  }
}

function readEnv(
  value: unknown,
  overrides: Readonly<Record<string, string>>,
  errors: string[],
): Record<string, string> {
  const declared = readMap(value, 'env', errors);
  const env = new Map<string, string>();
  for (const [key, declaration] of Object.entries(declared)) {
    if (!/^\w{1,255}$/.test(key) || key === '__proto__') {
      errors.push(`config var ${quote(key)} has an invalid name; use letters, digits and underscores`);
      continue;
    }
    const given = Object.hasOwn(overrides, key) ? overrides[key] : readEnvValue(key, declaration, errors);
    if (given !== undefined && given !== null) env.set(key, given);
    else if (given === null) errors.push(`config var ${key} is required`);
  }
  for (const [key, override] of Object.entries(overrides)) env.set(key, override);
  return Object.fromEntries(env);
}

/** Null: there is none and there must be one. Undefined: there is none. */
function readEnvValue(key: string, declaration: unknown, errors: string[]): string | null | undefined {
  if (typeof declaration === 'string') return declaration;
  if (!isMap(declaration)) {
    errors.push(`config var ${key} must be a string, or an object with a value`);
    return undefined;
  }
  const { value, generator, required = true } = declaration;
  if (typeof required !== 'boolean') errors.push(`required of config var ${key} must be true or false`);
  if (typeof value === 'string') return value;
  if (value !== undefined && value !== null) {
    errors.push(`the value of config var ${key} must be a string`);
    return undefined;
  }
  if (generator === 'secret') return randomBytes(32).toString('hex');
  if (generator !== undefined && generator !== null) {
    errors.push(`the generator of config var ${key} must be "secret"`);
    return undefined;
  }
  return required === false ? undefined : null;
}

function readBuildpacks(value: unknown, errors: string[]): readonly string[] {
  const list = value ?? [];
  if (!Array.isArray(list) || list.length > maxBuildpacks) {
    errors.push(`buildpacks must be a list of at most ${maxBuildpacks}`);
    return [];
  }
  return (list as unknown[]).flatMap((item) => {
    const url: unknown = isMap(item) ? item['url'] : undefined;
    const reference = typeof url === 'string' ? parseBuildpackReference(url) : null;
    if (reference !== null) return [reference];
    errors.push('each of buildpacks must have a url: a name like heroku/python, an http(s) URL or ./a/folder');
    return [];
  });
}

function readFormation(value: unknown, errors: string[]): Manifest['formation'] {
  return Object.entries(readMap(value, 'formation', errors)).flatMap(([type, wanted]) => {
    const { quantity = 1, size = 'basic' } = isMap(wanted) ? wanted : { quantity: null };
    const known = dynoSizes.find(({ name }) => typeof size === 'string' && name === size.toLowerCase());
    if (!/^[-\w]{1,128}$/.test(type) || type === 'release' || type === '__proto__') {
      errors.push(`formation ${quote(type)} is not a process type that can be scaled`);
    } else if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 0 || quantity > maxQuantity) {
      errors.push(`the quantity of formation ${type} must be a whole number from 0 to ${maxQuantity}`);
    } else if (known === undefined) {
      errors.push(`the size of formation ${type} must be one of ${dynoSizes.map(({ name }) => name).join(', ')}`);
    } else return [{ type: type as ProcessType, quantity, size: known.name }];
    return [];
  });
}

function readPostdeploy(value: unknown, errors: string[]): string | null {
  const { postdeploy } = readMap(value, 'scripts', errors);
  return readText(isMap(postdeploy) ? postdeploy['command'] : postdeploy, 'scripts.postdeploy', errors);
}

function readMap(value: unknown, name: string, errors: string[]): JsonMap {
  const map = value ?? {};
  if (isMap(map) && Object.keys(map).length <= maxItems) return map;
  errors.push(`${name} must be an object of at most ${maxItems} items`);
  return {};
}

function readText(value: unknown, name: string, errors: string[]): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && value.length <= maxTextLength && !value.includes('\0')) return value;
  errors.push(`${name} must be a string`);
  return null;
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
