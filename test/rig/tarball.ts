import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A .tar.gz of these files, as `tar czf` makes it from inside their folder. */
export async function tarball(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[] = ['.'],
): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-tarball-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), content);
    }
    const child = spawn('tar', ['--create', '--gzip', '--file=-', ...args], { cwd: dir });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`tar exited with ${String(code)}`);
    return Buffer.concat(chunks);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export interface TarMember {
  readonly name: string;
  /** `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder, `6` FIFO, `S` sparse ... Default: `0`. */
  readonly type?: string;
  readonly link?: string;
  readonly content?: string | Uint8Array;
  /** What the header claims; default: the size of the content. */
  readonly size?: number;
}

/** An archive byte by byte, for members that no honest tar would write. */
export function rawTar(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap(({ name, type = '0', link = '', content = '', size }) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'latin1');
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157, 100, 'latin1');
    header.write('ustar\0' + '00', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function rawTarball(members: readonly TarMember[]): Buffer {
  return gzipSync(rawTar(members));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
