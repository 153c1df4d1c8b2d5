import { Buffer } from 'node:buffer';
import { closeSync, opendirSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import {
  type ProcStat,
  parseCommandLine,
  parseStat,
  parseUserId,
  wholeNumber,
  withoutDeletedMark,
} from './proc-parse.ts';

/** Bounded, synchronous file access. Whatever cannot be read is undefined or empty; nothing throws. */
export interface HostFiles {
  /** The first `maxBytes` (at most 1 MiB) as UTF-8, bad bytes replaced. */
  readText(path: string, maxBytes: number): string | undefined;
  readLink(path: string): string | undefined;
  /** Inode number and modification time; undefined when there is no such file. */
  stat(path: string): { readonly inode: number; readonly mtimeMs: number } | undefined;
  /** Names of at most `limit` sub-folders, in the order of the file system. */
  folders(path: string, limit: number): readonly string[];
}

/** What telegen reads of /proc. A process that is gone, or is not ours to see, gives undefined. */
export interface ProcReader {
  stat(pid: number): ProcStat | undefined;
  /** argv, at most the first 16 KiB of it; empty for a kernel thread. */
  commandLine(pid: number): readonly string[] | undefined;
  /** Path of the executable image, without the mark of a deleted file. */
  executable(pid: number): string | undefined;
  /** Text of /proc/PID/cgroup. */
  cgroup(pid: number): string | undefined;
  /** Real user id. */
  userId(pid: number): number | undefined;
  /** Whether one of the first 256 threads bears this name. */
  hasThread(pid: number, comm: string): boolean;
  listProcesses(): readonly number[];
  /** CLOCK_BOOTTIME in ns, to 10 ms. */
  uptimeNs(): number | undefined;
}

const MAX_READ_BYTES = 1 << 20;
const SMALL_FILE_BYTES = 4096;
/** Longer than the 4 KiB that are reported, so that masking sees whole arguments. */
const COMMAND_LINE_BYTES = 16_384;
/** A hybrid host has a line per controller, each with a path of up to 4 KiB. */
const CGROUP_BYTES = 65_536;
const MAX_THREADS = 256;
const MAX_PROCESSES = 131_072;

/** Files of this host. The only place of this folder that touches the file system. */
export function createHostFiles(): HostFiles {
  const scratch = Buffer.allocUnsafe(CGROUP_BYTES);
  return {
    readText: (path, maxBytes) => attempt(() => readText(path, Math.min(maxBytes, MAX_READ_BYTES), scratch)),
    readLink: (path) => attempt(() => readlinkSync(path)),
    stat: (path) => {
      const found = attempt(() => statSync(path, { throwIfNoEntry: false }));
      return found && { inode: found.ino, mtimeMs: found.mtimeMs };
    },
    folders: (path, limit) => attempt(() => listFolders(path, limit)) ?? [],
  };
}

/** Reads processes below `root` (default /proc). */
export function createProcReader(root = '/proc', files: HostFiles = createHostFiles()): ProcReader {
  const text = (pid: number, name: string, maxBytes: number) =>
    files.readText(`${root}/${pid}/${name}`, maxBytes);
  const map = <T>(value: string | undefined, parse: (text: string) => T) =>
    value === undefined ? undefined : parse(value);
  // A main thread that has ended shows neither; a process goes on without it.
  const nextThread = (pid: number) => files.folders(`${root}/${pid}/task`, 2)[1] ?? 'none';
  const executable = (pid: number) =>
    files.readLink(`${root}/${pid}/exe`) ?? files.readLink(`${root}/${pid}/task/${nextThread(pid)}/exe`);
  const commandLine = (pid: number) => {
    const own = text(pid, 'cmdline', COMMAND_LINE_BYTES);
    return own === '' ? (text(pid, `task/${nextThread(pid)}/cmdline`, COMMAND_LINE_BYTES) ?? own) : own;
  };
  return {
    stat: (pid) => map(text(pid, 'stat', SMALL_FILE_BYTES), parseStat),
    commandLine: (pid) => map(commandLine(pid), parseCommandLine),
    executable: (pid) => map(executable(pid), withoutDeletedMark),
    cgroup: (pid) => text(pid, 'cgroup', CGROUP_BYTES),
    userId: (pid) => map(text(pid, 'status', SMALL_FILE_BYTES), parseUserId),
    hasThread: (pid, comm) =>
      files
        .folders(`${root}/${pid}/task`, MAX_THREADS)
        .some((thread) => text(pid, `task/${thread}/comm`, SMALL_FILE_BYTES) === `${comm}\n`),
    listProcesses: () =>
      files
        .folders(root, MAX_PROCESSES)
        .map(wholeNumber)
        .filter((pid) => pid !== undefined),
    uptimeNs: () => map(files.readText(`${root}/uptime`, SMALL_FILE_BYTES), parseUptimeNs),
  };
}

function parseUptimeNs(text: string): number | undefined {
  const seconds = Number.parseFloat(text);
  return Number.isFinite(seconds) ? Math.round(seconds * 1e9) : undefined;
}

function readText(path: string, maxBytes: number, scratch: Buffer): string {
  const buffer = maxBytes <= scratch.length ? scratch : Buffer.allocUnsafe(maxBytes);
  const fd = openSync(path, 'r');
  try {
    let length = 0;
    while (length < maxBytes) {
      const got = readSync(fd, buffer, length, maxBytes - length, null);
      if (got === 0) break;
      length += got;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}

function listFolders(path: string, limit: number): string[] {
  const names: string[] = [];
  const folder = opendirSync(path);
  try {
    while (names.length < limit) {
      const entry = folder.readSync();
      if (entry === null) break;
      if (entry.isDirectory()) names.push(entry.name);
    }
  } finally {
    folder.closeSync();
  }
  return names;
}

/** Processes and cgroups vanish between any two calls, so every failure means "not there". */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
