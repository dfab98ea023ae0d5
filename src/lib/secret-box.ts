import { PlatformError } from '../errors/platform-error.ts';
import { seal, unseal } from './sealed-box.ts';

/** Keeps credentials at rest: the addresses of log drains, the secrets of webhooks. */
export interface SecretBox {
  /** `context` names what the text belongs to (`log-drain:<id>`); what is moved elsewhere does not open there. */
  seal(context: string, text: string): Uint8Array;
  /** Throws when it was sealed with another key or for another context; the text is never part of the message. */
  open(context: string, sealed: Uint8Array): string;
}

/** `secretKey`: 32 bytes, HOKKU_SECRET_KEY. */
export function openSecretBox(secretKey: Uint8Array): SecretBox {
  return {
    seal: (context, text) => seal(Buffer.from(text, 'utf8'), secretKey, context),
    open: (context, sealed) => {
      const text = unseal(sealed, secretKey, context);
      if (text !== null) return text.toString('utf8');
      throw new PlatformError(
        'internal_server_error',
        `What was stored for ${context} can't be decrypted: HOKKU_SECRET_KEY is not the one the data was written with ` +
          '(or the data was changed). Start the platform with the key of that time; it belongs to the backup of the database.',
      );
    },
  };
}
