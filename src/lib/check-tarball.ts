import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { TarCheck, TarFault, type TarLimits } from './tar-check.ts';

const zipMagic = Buffer.from('PK');
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/**
 * Unpacks a stranger's .tar.gz in memory, piece by piece, and yields the tar's bytes up to the end of the archive. Nothing
 * is yielded that the check has not seen. Throws a `TarFault`, the signal's reason, and what the file system throws.
 */
export async function* checkTarball(file: string, limits: TarLimits, signal: AbortSignal): AsyncGenerator<Buffer> {
  const compressed = createReadStream(file, { highWaterMark: 256 * 1024 });
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const stop = (): void => {
    gunzip.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  };
  compressed.once('data', (start) => {
    if (!gzipMagic.equals(start.slice(0, 2) as Buffer)) gunzip.destroy(notGzip(start as Buffer));
  });
  compressed.once('error', (error) => gunzip.destroy(error));
  compressed.pipe(gunzip);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const check = new TarCheck(limits);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      check.push(chunk);
      yield chunk;
      if (check.isOver) break;
    }
    check.end();
    if (check.entries === 0) throw new TarFault('it is empty');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) throw new TarFault('its gzip stream is damaged or cut off');
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    compressed.destroy();
    gunzip.destroy();
  }
}

function notGzip(start: Buffer): TarFault {
  if (zipMagic.equals(start.subarray(0, 2))) return new TarFault('it is a zip file; make it with tar czf');
  if (/^\s*</.test(start.toString('latin1', 0, 100)))
    return new TarFault('it is a web page, not a gzipped tar archive');
  return new TarFault('it is not compressed with gzip; make it with tar czf');
}
