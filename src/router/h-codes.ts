/** Heroku's router errors. Source: https://devcenter.heroku.com/articles/error-codes */
export interface HCodeEntry {
  readonly desc: string;
  readonly at: 'info' | 'warning' | 'error';
  readonly status: number;
  /** Whose socket broke, where the log line says so. */
  readonly sock?: 'client' | 'backend';
}

export const hCodes = {
  H10: { desc: 'App crashed', at: 'error', status: 503 },
  H11: { desc: 'Backlog too deep', at: 'error', status: 503 },
  H12: { desc: 'Request timeout', at: 'error', status: 503 },
  H13: { desc: 'Connection closed without response', at: 'error', status: 503 },
  H14: { desc: 'No web processes running', at: 'error', status: 503 },
  H15: { desc: 'Idle connection', at: 'error', status: 503 },
  H17: { desc: 'Poorly formatted HTTP response', at: 'error', status: 503 },
  H18: { desc: 'Server Request Interrupted', at: 'error', status: 503, sock: 'backend' },
  H19: { desc: 'Backend connection timeout', at: 'error', status: 503 },
  H20: { desc: 'App boot timeout', at: 'error', status: 503 },
  H21: { desc: 'Backend connection refused', at: 'error', status: 503 },
  H24: { desc: 'Forced close', at: 'error', status: 503 },
  H25: { desc: 'HTTP restriction', at: 'error', status: 502 },
  H26: { desc: 'Request Error', at: 'error', status: 400 },
  H27: { desc: 'Client Request Interrupted', at: 'warning', status: 499, sock: 'client' },
  H28: { desc: 'Client Connection Idle', at: 'warning', status: 499 },
  H34: { desc: 'All up dynos are quarantined', at: 'error', status: 503 },
  H80: { desc: 'Maintenance mode', at: 'info', status: 503 },
  H81: { desc: 'Blank app', at: 'info', status: 503 },
  H99: { desc: 'Platform error', at: 'error', status: 503 },
} as const satisfies Record<string, HCodeEntry>;

export type HCode = keyof typeof hCodes;

/** Why a request was not answered by a dyno. */
export interface RouterFailure {
  readonly code: HCode;
  /** H25: which restriction (`oversized cookie`). H26: the cause (`bad header`). */
  readonly detail?: string;
  /** Where it differs from the table's. */
  readonly status?: number;
}

export function hCodeOf(failure: RouterFailure): HCodeEntry {
  return hCodes[failure.code];
}

export function statusOf(failure: RouterFailure): number {
  return failure.status ?? hCodes[failure.code].status;
}
