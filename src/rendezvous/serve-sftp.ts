import { randomBytes } from 'node:crypto';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Attachment } from '../lifecycle/index.ts';
import type { AttachedProcess } from '../model/dyno.ts';
import { WindowReader } from './window-reader.ts';

const { STATUS_CODE: status, OPEN_MODE: mode } = ssh2.utils.sftp;
const maxFiles = 16;
/** A file that is opened or asked about needs one at a time, and an open one keeps it. */
const maxProcesses = 32;
/** Requests without an answer yet. Clients have up to 64 of them under way. */
const maxUnderWay = 128;
const maxReadBytes = 256 * 1024;

/** Runs a command inside of the dyno, with these variables and without a terminal. */
export type RunInside = (command: string, env: Readonly<Record<string, string>>) => Attachment;

type StartInside = (command: string, env: Readonly<Record<string, string>>) => Promise<AttachedProcess>;

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
 * app's user and behind its walls: a link of the app's leads nowhere else. Files are read from front to back, more or
 * less. Source: draft-ietf-secsh-filexfer-02.
 */
export function serveSftp(sftp: SFTPWrapper, runInside: RunInside): void {
  const session = new SftpSession(sftp, runInside);
  sftp.on('error', () => undefined);
  sftp.on('OPEN', (id, path, flags) => {
    session.answer(id, () => session.open(id, path, flags));
  });
  sftp.on('READ', (id, handle, offset, length) => {
    session.answer(id, () => session.read(id, handle, offset, length));
  });
  sftp.on('FSTAT', (id, handle) => {
    session.answer(id, () => session.statOpen(id, handle));
  });
  for (const request of ['STAT', 'LSTAT'] as const) {
    sftp.on(request, (id: number, path: string) => {
      session.answer(id, () => session.stat(id, path));
    });
  }
  sftp.on('REALPATH', (id, path) => {
    sftp.name(id, [{ filename: path === '.' ? '/app' : path, longname: '', attrs: noAttributes }]);
  });
  sftp.on('CLOSE', (id, handle) => {
    session.answer(id, () => session.close(id, handle));
  });
  sftp.once('close', () => {
    session.end();
  });
}

const noAttributes: Attributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

class SftpSession {
  readonly #sftp: SFTPWrapper;
  readonly #runInside: RunInside;
  readonly #files = new Map<string, OpenFile>();
  readonly #processes = new Set<AttachedProcess>();
  #lastHandle = 0;
  #underWay = 0;
  #opening = 0;
  #starting = 0;
  #hasEnded = false;

  constructor(sftp: SFTPWrapper, runInside: RunInside) {
    this.#sftp = sftp;
    this.#runInside = runInside;
  }

  /** A request that fails is answered, too, and so is one too many. */
  answer(id: number, work: () => Promise<void>): void {
    if (this.#underWay >= maxUnderWay) {
      this.#sftp.status(id, status.FAILURE);
      return;
    }
    this.#underWay += 1;
    work()
      .catch(() => {
        this.#sftp.status(id, status.FAILURE);
      })
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async open(id: number, path: string, flags: number): Promise<void> {
    if ((flags & ~mode.READ) !== 0 || this.#files.size + this.#opening >= maxFiles) {
      this.#sftp.status(id, status.PERMISSION_DENIED);
      return;
    }
    this.#opening += 1;
    try {
      const file = await openFile(path, this.#start);
      if (file === null) {
        this.#sftp.status(id, status.NO_SUCH_FILE);
        return;
      }
      const handle = String(++this.#lastHandle);
      this.#files.set(handle, file);
      this.#sftp.handle(id, Buffer.from(handle));
    } finally {
      this.#opening -= 1;
    }
  }

  async read(id: number, handle: Buffer, offset: number, length: number): Promise<void> {
    const bytes = await this.#file(handle).reader.read(offset, Math.min(length, maxReadBytes));
    if (bytes.length === 0) this.#sftp.status(id, status.EOF);
    else this.#sftp.data(id, bytes);
  }

  statOpen(id: number, handle: Buffer): Promise<void> {
    return Promise.resolve().then(() => {
      this.#sftp.attrs(id, this.#file(handle).attributes);
    });
  }

  async stat(id: number, path: string): Promise<void> {
    const attributes = await attributesOf(path, this.#start);
    if (attributes === null) this.#sftp.status(id, status.NO_SUCH_FILE);
    else this.#sftp.attrs(id, attributes);
  }

  close(id: number, handle: Buffer): Promise<void> {
    return Promise.resolve().then(() => {
      this.#file(handle).process.abandon();
      this.#files.delete(handle.toString());
      this.#sftp.status(id, status.OK);
    });
  }

  end(): void {
    this.#hasEnded = true;
    for (const process of this.#processes) process.abandon();
    this.#files.clear();
  }

  /** Whatever is started here ends with the session, even what was being started at its end. */
  readonly #start: StartInside = async (command, env) => {
    if (this.#hasEnded || this.#processes.size + this.#starting >= maxProcesses) {
      throw new Error('no more processes may be started');
    }
    this.#starting += 1;
    try {
      const process = await this.#runInside(command, env).start(null);
      this.#processes.add(process);
      const forget = (): unknown => this.#processes.delete(process);
      process.exited.then(forget, forget);
      // It may have ended meanwhile, whatever the check above says.
      if (this.#hasEnded as boolean) process.abandon();
      return process;
    } finally {
      this.#starting -= 1;
    }
  };

  #file(handle: Buffer): OpenFile {
    const file = this.#files.get(handle.toString());
    if (file === undefined) throw new Error('there is no such handle');
    return file;
  }
}

/** Null when there is no such file that can be read. */
async function openFile(path: string, start: StartInside): Promise<OpenFile | null> {
  const attributes = await attributesOf(path, start);
  if (attributes === null) return null;
  const { process, reader } = await runWithFile('exec cat -- "$HOKKU_FILE"', path, start);
  return { attributes, process, reader };
}

async function attributesOf(path: string, start: StartInside): Promise<Attributes | null> {
  if (path.includes('\0')) return null;
  const command = 'test -f "$HOKKU_FILE" && test -r "$HOKKU_FILE" && exec stat -L -c "%f %s %X %Y" -- "$HOKKU_FILE"';
  const { process, reader } = await runWithFile(command, path, start);
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
  start: StartInside,
): Promise<{ process: AttachedProcess; reader: WindowReader }> {
  const mark = randomBytes(16).toString('hex');
  const env = { HOKKU_FILE: path, HOKKU_MARK: mark };
  const process = await start(`printf "<%s>\\n" "$HOKKU_MARK"; ${command}`, env);
  return { process, reader: new WindowReader(process.output, Buffer.from(`<${mark}>\n`)) };
}
