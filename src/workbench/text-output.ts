import type { BuildOutput } from '../model/build.ts';

/** Passes the bytes of a build on as text; a character that comes in two chunks is one. Disposing writes what is left of one. */
export function textOutput(write: (text: string) => void): BuildOutput & Disposable {
  const decoder = new TextDecoder();
  const pass = (text: string): void => {
    if (text !== '') write(text);
  };
  return {
    write: (chunk) => {
      pass(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
    },
    [Symbol.dispose]: () => {
      pass(decoder.decode());
    },
  };
}
