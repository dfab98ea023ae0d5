/** Something that an operator should know of before it becomes a failure. */
export interface Notice {
  /** Told once per period: `crash-loop:<app id>:web`, `disk-reserve`. */
  readonly cause: string;
  /** What happened, the evidence, what to do. Holds no secret. */
  readonly message: string;
  /** Null: it is the platform's. */
  readonly appName: string | null;
}

export interface ToldNotice extends Notice {
  /** Of this telling: a receiver that gets it twice knows it by this. */
  readonly id: string;
  readonly toldAt: Date;
  /** To send it. */
  readonly attempts: number;
  /** Null: it was sent, given up, or there is nowhere to send it. */
  readonly nextAttemptAt: Date | null;
}
