import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';

export interface SpoolDirectory {
  /** A private directory for one destination, made if need be. Throws the file system's error. */
  destination(name: string): string;
  /** Gives the lock up. */
  release(): void;
}

export type OpenedDirectory =
  | { readonly ok: true; readonly directory: SpoolDirectory }
  | { readonly ok: false; readonly problem: string };

/** Takes an exclusive lock on an open file, without waiting; false when somebody else has it. */
export type LockFile = (fd: number) => boolean;

const PRIVATE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/** Why the directory cannot hold alerts: whoever may write there could forge or remove them. */
function distrust(path: string): string | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { uid, mode } = fstatSync(fd);
    const self = process.geteuid?.() ?? 0;
    if (uid !== self && uid !== 0) return `${path} belongs to user ${uid}; give it to user ${self}`;
    if ((mode & WRITABLE_BY_OTHERS) !== 0) return `others may write to ${path}; chmod 700 ${path}`;
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function holder(path: string): string {
  const pid = readFileSync(path, 'latin1').trim();
  return /^\d{1,10}$/.test(pid) ? ` (pid ${pid})` : '';
}

function takeLock(path: string, lock: LockFile): number {
  const file = `${path}/lock`;
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if (!lock(fd)) throw new Error(`${path} is in use by another telegen${holder(file)}; give each its own`);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** On a read-only file system the recursive form says ENOENT; the plain one says why. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: PRIVATE });
  } catch {
    mkdirSync(path, { mode: PRIVATE });
  }
}

/**
 * Opens the directory of the spools for this process alone; missing ones are made, readable by nobody else. What
 * makes it unusable (read-only, full, in use, open to others) is said, never thrown.
 */
export function openSpoolDirectory(path: string, lock: LockFile): OpenedDirectory {
  try {
    makeDirectory(path);
    const problem = distrust(path);
    if (problem !== undefined) return { ok: false, problem };
    const locked = takeLock(path, lock);
    return {
      ok: true,
      directory: {
        destination(name) {
          const folder = `${path}/${name}`;
          mkdirSync(folder, { recursive: true, mode: PRIVATE });
          return folder;
        },
        release: () => closeSync(locked),
      },
    };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}
