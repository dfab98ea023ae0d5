/** `refused`: the receiver will never take this batch (4xx but 429, or a redirection). */
export type SendOutcome = { readonly is: 'taken' } | { readonly is: 'refused'; readonly status: number };

/** Brings batches to a receiver, one after the other. */
export interface DrainSender {
  /** Bytes of one batch. */
  readonly maxBytes: number;
  /** The HOSTNAME of its messages. */
  readonly hostName: string;
  /** True: what it has taken is with the receiver's program, not only in the network. */
  readonly confirms: boolean;
  /** Throws when it should be tried again. `id` is the same whenever the same batch is sent. */
  send(
    batch: { readonly bytes: Buffer; readonly count: number; readonly id: string },
    signal: AbortSignal,
  ): Promise<SendOutcome>;
  close(): void;
}

/** A receiver that answered, but with nothing to go on with. */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError';
}
