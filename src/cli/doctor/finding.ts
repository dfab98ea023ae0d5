/** What one check found out about this machine. */
export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'degraded' | 'missing';
  /** A platform can't run without it. */
  readonly required: boolean;
  /** What was seen: a version, a number, an error. */
  readonly evidence: string;
  /** What is lost without it; null when nothing is. */
  readonly lost: string | null;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
  /** Debian and Ubuntu packages that mend it. */
  readonly packages: readonly string[];
}

export function ok(name: string, evidence: string, required = true): Finding {
  return { name, status: 'ok', required, evidence, lost: null, remedy: null, packages: [] };
}

type Trouble = Pick<Finding, 'evidence' | 'lost' | 'remedy'> & { readonly packages?: readonly string[] };

/** Something that the platform can do without. */
export function degraded(name: string, trouble: Trouble): Finding {
  return { name, status: 'degraded', required: false, packages: [], ...trouble };
}

/** Something that is not there at all. */
export function missing(name: string, trouble: Trouble, required = true): Finding {
  return { name, status: 'missing', required, packages: [], ...trouble };
}
