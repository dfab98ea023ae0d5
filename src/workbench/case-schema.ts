/** How the platform should answer to a build of a case. Written down for authors in docs/writing-buildpacks.md. */
export interface Expectations {
  readonly status?: 'built' | 'failed' | 'not-detected';
  /** Of the last bin/compile. */
  readonly exit?: number;
  /** What bin/detect prints. */
  readonly detects?: string;
  readonly output?: readonly string[];
  readonly never?: readonly string[];
  readonly exports?: Named;
  readonly profile?: Named;
  readonly report?: Named;
  readonly processes?: Named;
  readonly files?: Readonly<Record<string, boolean | ExpectedFile>>;
  readonly slug?: { readonly max_mb: number };
  readonly relocatable?: boolean;
  /** Seconds. */
  readonly within?: number;
  readonly run?: readonly ExpectedRun[];
  readonly http?: ExpectedWeb;
  readonly snapshot?: boolean;
}

/** Pattern by name; null: there must be none of that name. */
export type Named = Readonly<Record<string, string | number | boolean | null>>;

export interface ExpectedFile {
  readonly type?: 'file' | 'folder' | 'link';
  /** Four octal digits at most: `755`. */
  readonly mode?: string;
  readonly link?: string;
  readonly text?: string;
  readonly contains?: readonly string[];
}

export interface ExpectedRun {
  readonly command: string;
  readonly exit?: number;
  readonly output?: readonly string[];
}

export interface ExpectedWeb {
  readonly requests: readonly {
    readonly path: string;
    readonly status?: number;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }[];
  /** Seconds. */
  readonly boots_within?: number;
  readonly stops_within?: number;
}

export interface Change {
  readonly overlay?: string;
  /** Null removes the file. */
  readonly files?: Readonly<Record<string, string | null>>;
}

export type PhaseName = 'cold' | 'warm' | 'changed' | 'ci';
export const phaseNames: readonly PhaseName[] = ['cold', 'warm', 'changed', 'ci'];

export interface CaseFile {
  readonly description?: string;
  readonly app?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | number | boolean>>;
  readonly buildpacks?: readonly string[];
  /** Seconds for each build. */
  readonly timeout?: number;
  readonly normalise?: readonly { readonly from: string; readonly to: string }[];
  readonly cold?: Expectations;
  readonly warm?: Expectations;
  readonly changed?: Expectations & { readonly change: Change };
  readonly ci?: Expectations & { readonly test_exit?: number };
}

const text = { type: 'string', maxLength: 16_384 };
const pattern = { ...text, minLength: 1, format: 'pattern' };
const patterns = { type: 'array', maxItems: 200, items: pattern };
const path = { type: 'string', minLength: 1, maxLength: 1024, format: 'inside' };
const scalar = { type: ['string', 'number', 'boolean'] };
const named = {
  type: 'object',
  maxProperties: 200,
  additionalProperties: { anyOf: [pattern, { type: ['number', 'boolean', 'null'] }] },
};
const seconds = { type: 'number', exclusiveMinimum: 0, maximum: 3600 };
const exit = { type: 'integer', minimum: 0, maximum: 255 };

function strictObject(properties: object, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required };
}

const file = strictObject({
  type: { enum: ['file', 'folder', 'link'] },
  mode: { type: 'string', pattern: '^[0-7]{3,4}$' },
  link: pattern,
  text: { type: 'string', maxLength: 65_536 },
  contains: patterns,
});
const expectations = {
  status: { enum: ['built', 'failed', 'not-detected'] },
  exit,
  detects: pattern,
  output: patterns,
  never: patterns,
  exports: named,
  profile: named,
  report: named,
  processes: named,
  files: {
    type: 'object',
    maxProperties: 500,
    propertyNames: path,
    additionalProperties: { anyOf: [{ type: 'boolean' }, file] },
  },
  slug: strictObject({ max_mb: { type: 'number', exclusiveMinimum: 0 } }, ['max_mb']),
  relocatable: { type: 'boolean' },
  within: seconds,
  run: {
    type: 'array',
    maxItems: 50,
    items: strictObject({ command: { ...text, minLength: 1 }, exit, output: patterns }, ['command']),
  },
  http: strictObject(
    {
      requests: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: strictObject(
          {
            path: { type: 'string', pattern: '^/' },
            status: { type: 'integer', minimum: 100, maximum: 599 },
            body: pattern,
            headers: { type: 'object', additionalProperties: pattern },
          },
          ['path'],
        ),
      },
      boots_within: seconds,
      stops_within: seconds,
    },
    ['requests'],
  ),
  snapshot: { type: 'boolean' },
};
const change = strictObject({
  overlay: { type: 'string', minLength: 1 },
  files: { type: 'object', propertyNames: path, additionalProperties: { type: ['string', 'null'] } },
});

// Referred to, or each phase would be compiled for itself, which takes longer than most builds.
const referred = Object.fromEntries(Object.keys(expectations).map((name) => [name, { $ref: `#/$defs/${name}` }]));

/** JSON Schema of a case file. Formats: `pattern`, see parsePattern; `inside`, a path that stays below its folder. */
export const caseSchema: object = {
  $defs: expectations,
  ...strictObject({
    description: text,
    app: { type: 'string', minLength: 1 },
    files: { type: 'object', propertyNames: path, additionalProperties: { type: 'string' } },
    env: { type: 'object', propertyNames: { pattern: '^[A-Za-z_]\\w*$' }, additionalProperties: scalar },
    buildpacks: { type: 'array', minItems: 1, maxItems: 20, items: { type: 'string', minLength: 1 } },
    timeout: seconds,
    normalise: {
      type: 'array',
      maxItems: 50,
      items: strictObject({ from: { type: 'string', minLength: 1, format: 'expression' }, to: text }, ['from', 'to']),
    },
    cold: strictObject(referred),
    warm: strictObject(referred),
    changed: strictObject({ ...referred, change }, ['change']),
    ci: strictObject({ ...referred, test_exit: exit }),
  }),
};
