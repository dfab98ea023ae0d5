import { createHash, randomBytes } from 'node:crypto';
import type { AttachedProcess, TerminalSize } from '../model/dyno.ts';

/** Something that waits for a client to talk to it. */
export interface Attachment {
  /** The client is to be told the exit status behind the output. */
  readonly wantsStatus: boolean;
  /** Null: pipes. A client that knows its terminal better may start it with another size. */
  readonly terminal: TerminalSize | null;
  /** Called once, when the client is there. Rejects with a text for the client. */
  start(terminal: TerminalSize | null): Promise<AttachedProcess>;
  /** The client has gone. Its process gets SIGHUP, and some time later SIGKILL. */
  hangUp(): void;
}

/** Secrets of attach URLs start so; the router knows by the first letter that a connection does not speak HTTP. */
const secretPrefix = 'run-';

/** The attachments that wait for their client. A secret is good for one client, and only while its process waits. */
export class Attachments {
  readonly #waiting = new Map<string, Attachment>();

  /** The secret is kept as a hash only. */
  offer(attachment: Attachment): string {
    const secret = `${secretPrefix}${randomBytes(32).toString('base64url')}`;
    this.#waiting.set(hashOf(secret), attachment);
    return secret;
  }

  /** Null when nobody waits under this secret (any more). */
  claim(secret: string): Attachment | null {
    const key = hashOf(secret);
    const attachment = this.#waiting.get(key) ?? null;
    this.#waiting.delete(key);
    return attachment;
  }

  withdraw(secret: string): void {
    this.#waiting.delete(hashOf(secret));
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
