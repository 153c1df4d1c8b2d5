import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The last good version of each list on disk, so that a restart finds it when the file has gone bad meanwhile. */
export interface LastGood {
  /** Entries of the version that is kept; undefined when there is none. */
  entriesOf(file: string): Promise<number | undefined>;
  load(file: string): Promise<KeptVersion | undefined>;
  /** Rejects when it cannot be written. */
  save(file: string, entries: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface KeptVersion {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly savedAtMs: number;
}

interface Header {
  readonly file: string;
  readonly entries: number;
  readonly savedAtMs: number;
  readonly size: number;
}

const ENDING = '.last-good';
const MAX_HEADER = 8192;
/** Versions kept in the folder; those written longest ago go first. */
const MAX_FILES = 2000;

/** One file per list: a line of JSON about it, then its bytes. Readable by its owner alone. */
export function createLastGood(folder: string, now: () => number): LastGood {
  const pathOf = (file: string): string =>
    join(folder, createHash('sha256').update(file).digest('hex').slice(0, 32) + ENDING);

  async function save(file: string, entries: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = pathOf(file);
    const header: Header = { file, entries, savedAtMs: now(), size: bytes.length };
    const temporary = `${path}.${process.pid}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(Buffer.from(`${JSON.stringify(header)}\n`));
      await handle.writeFile(bytes);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await makeRoom(folder);
  }
  return {
    save,
    entriesOf: async (file) => (await readHeader(pathOf(file), file))?.header.entries,
    async load(file) {
      const found = await readHeader(pathOf(file), file);
      if (!found) return undefined;
      const whole = await readFile(pathOf(file)).catch(() => undefined);
      const bytes = whole && Uint8Array.from(whole.subarray(found.bodyAt));
      // A version that was cut is none.
      return bytes?.length === found.header.size ? { bytes, savedAtMs: found.header.savedAtMs } : undefined;
    },
  };
}

async function readHeader(
  path: string,
  file: string,
): Promise<{ header: Header; bodyAt: number } | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEADER), 0, MAX_HEADER, 0);
      const end = buffer.subarray(0, bytesRead).indexOf(10);
      const header = JSON.parse(buffer.toString('utf8', 0, end)) as Header;
      return header.file === file ? { header, bodyAt: end + 1 } : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

async function makeRoom(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
  if (names.length <= MAX_FILES) return;
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      ms: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const oldest = aged.sort((a, b) => a.ms - b.ms).slice(0, names.length - MAX_FILES);
  for (const { name } of oldest) await unlink(join(folder, name)).catch(() => undefined);
}
