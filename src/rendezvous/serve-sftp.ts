import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Attachment } from '../lifecycle/index.ts';
import type { AttachedProcess } from '../model/dyno.ts';
import { WindowReader } from './window-reader.ts';

const { STATUS_CODE: status, OPEN_MODE: mode } = ssh2.utils.sftp;
const maxFiles = 16;
const maxReadBytes = 256 * 1024;

/** Runs a command inside of the dyno, with these variables and without a terminal. */
export type RunInside = (command: string, env: Readonly<Record<string, string>>) => Attachment;

interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atime: number;
  readonly mtime: number;
}

interface OpenFile {
  readonly attributes: Attributes;
  readonly process: AttachedProcess;
  readonly reader: WindowReader;
}

/**
 * As much of SFTP as copying files out of a dyno needs. Whatever is read is read by a process of the dyno itself, as the
 * app's user and behind its walls: a link of the app's leads nowhere else. Files are read from front to back, more or less.
 * Source: draft-ietf-secsh-filexfer-02.
 */
export function serveSftp(sftp: SFTPWrapper, runInside: RunInside): void {
  const files = new Map<number, OpenFile>();
  let lastHandle = 0;
  const fileOf = (handle: Buffer): OpenFile | undefined => files.get(handle.length === 4 ? handle.readUInt32BE() : -1);
  /** Answers what failed; a request is answered in any case. */
  const answer = (id: number, work: Promise<void>): void => {
    work.catch(() => {
      sftp.status(id, status.FAILURE);
    });
  };
  sftp.on('error', () => undefined);
  sftp.on('OPEN', (id, path, flags) => {
    if ((flags & ~mode.READ) !== 0 || files.size >= maxFiles) {
      sftp.status(id, status.PERMISSION_DENIED);
      return;
    }
    answer(
      id,
      openFile(path, runInside).then((file) => {
        if (file === null) {
          sftp.status(id, status.NO_SUCH_FILE);
          return;
        }
        files.set(++lastHandle, file);
        const handle = Buffer.alloc(4);
        handle.writeUInt32BE(lastHandle);
        sftp.handle(id, handle);
      }),
    );
  });
  sftp.on('READ', (id, handle, offset, length) => {
    const file = fileOf(handle);
    if (file === undefined) {
      sftp.status(id, status.FAILURE);
      return;
    }
    answer(
      id,
      file.reader.read(offset, Math.min(length, maxReadBytes)).then((bytes) => {
        if (bytes.length === 0) sftp.status(id, status.EOF);
        else sftp.data(id, bytes);
      }),
    );
  });
  sftp.on('FSTAT', (id, handle) => {
    const file = fileOf(handle);
    if (file === undefined) sftp.status(id, status.FAILURE);
    else sftp.attrs(id, file.attributes);
  });
  const stat = (id: number, path: string): void => {
    answer(
      id,
      attributesOf(path, runInside).then((attributes) => {
        if (attributes === null) sftp.status(id, status.NO_SUCH_FILE);
        else sftp.attrs(id, attributes);
      }),
    );
  };
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('REALPATH', (id, path) => {
    sftp.name(id, [{ filename: path === '.' ? '/app' : path, longname: '', attrs: {} as Attributes }]);
  });
  sftp.on('CLOSE', (id, handle) => {
    const file = fileOf(handle);
    if (file !== undefined) {
      files.delete(handle.readUInt32BE());
      file.process.abandon();
    }
    sftp.status(id, file === undefined ? status.FAILURE : status.OK);
  });
  sftp.once('close', () => {
    for (const { process } of files.values()) process.abandon();
    files.clear();
  });
}

/** Null when there is no such file that can be read. */
async function openFile(path: string, runInside: RunInside): Promise<OpenFile | null> {
  const attributes = await attributesOf(path, runInside);
  if (attributes === null) return null;
  const { process, reader } = await runWithFile('exec cat -- "$HOKKU_FILE"', path, runInside);
  return { attributes, process, reader };
}

async function attributesOf(path: string, runInside: RunInside): Promise<Attributes | null> {
  if (path.includes('\0')) return null;
  const command = 'test -f "$HOKKU_FILE" && test -r "$HOKKU_FILE" && exec stat -L -c "%f %s %X %Y" -- "$HOKKU_FILE"';
  const { process, reader } = await runWithFile(command, path, runInside);
  // Up to its end: what it says is shorter.
  const said = (await reader.read(0, 1_000)).toString();
  process.abandon();
  const found = /^([0-9a-f]+) (\d+) (\d+) (\d+)\n$/.exec(said);
  if (found === null) return null;
  const [, bits = '', size, atime, mtime] = found;
  const times = { atime: Number(atime), mtime: Number(mtime) };
  return { mode: parseInt(bits, 16), uid: 0, gid: 0, size: Number(size), ...times };
}

/** What comes before the mark was written by the app's own start scripts. */
async function runWithFile(
  command: string,
  path: string,
  runInside: RunInside,
): Promise<{ process: AttachedProcess; reader: WindowReader }> {
  const mark = randomBytes(16).toString('hex');
  const env = { HOKKU_FILE: path, HOKKU_MARK: mark };
  const process = await runInside(`printf "<%s>\\n" "$HOKKU_MARK"; ${command}`, env).start(null);
  process.exited.catch(() => undefined);
  return { process, reader: new WindowReader(process.output as Readable, Buffer.from(`<${mark}>\n`)) };
}
