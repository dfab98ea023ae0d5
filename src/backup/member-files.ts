import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { damaged, type BackupHeader } from './manifest.ts';
import type { BackupHandler } from './read-backup.ts';

/** Where the members of a backup go: to their place, or for now to a folder of what is yet to be imported. */
export class MemberFiles {
  /** Ids of the apps. */
  readonly repos: string[] = [];
  readonly tables: string[] = [];
  readonly #root: string;
  readonly #importDir: string;
  readonly #signal: AbortSignal;

  constructor(root: string, importDir: string, signal: AbortSignal) {
    this.#root = root;
    this.#importDir = importDir;
    this.#signal = signal;
  }

  handler(onHeader: (header: BackupHeader) => void): BackupHandler {
    return {
      onHeader: (header) => {
        onHeader(header);
        return Promise.resolve();
      },
      onMember: (name, content) => this.#write(name, content),
    };
  }

  /** The name is one that `isMemberName` knows. */
  async #write(name: string, content: AsyncIterable<Buffer>): Promise<void> {
    const [, folder = '', rest = ''] = /^(database|repos|slugs)\/(.*)\.\w+$/.exec(name) ?? [];
    if (folder === 'database') this.tables.push(rest);
    if (folder === 'repos' && name.endsWith('.refs')) this.repos.push(rest);
    const path = join(folder === 'database' || folder === 'repos' ? this.#importDir : this.#root, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const hash = createHash('sha256');
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of content) {
        this.#signal.throwIfAborted();
        if (folder === 'slugs') hash.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (folder === 'slugs' && hash.digest('hex') !== rest)
      throw damaged(`${name} is not the slug that it is named after`);
  }
}
