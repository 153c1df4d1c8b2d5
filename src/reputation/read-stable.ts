import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** `signature` differs whenever the file has been written, replaced or re-permitted. */
export type ReadOutcome =
  | {
      readonly kind: 'bytes';
      /** In a buffer of their own. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly signature: string;
      readonly modifiedMs: number;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string; readonly signature: string };

export interface ReadOptions {
  /** Signature of the version that is known already. */
  readonly known: string | undefined;
  /** The file must look the same for this long before it is read. */
  readonly settleMs: number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** After so many looks at a file that keeps changing, it is left for the next poll. */
const MAX_LOOKS = 20;

/** Reads a file once nobody seems to be writing it. Throws only what `sleep` throws. */
export async function readStable(file: string, options: ReadOptions): Promise<ReadOutcome> {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const outcome = await lookOnce(file, options);
    if (outcome) return outcome;
  }
  return { kind: 'refused', reason: 'the file keeps changing while it is read', signature: 'changing' };
}

async function lookOnce(
  file: string,
  { known, settleMs, sleep }: ReadOptions,
): Promise<ReadOutcome | undefined> {
  const before = await statFile(file);
  if (before.kind !== 'stats')
    return before.kind === 'refused' && before.signature === known ? UNCHANGED : before;
  const signature = signatureOf(before.stats);
  if (signature === known) return UNCHANGED;
  const problem = problemOf(before.stats);
  if (problem) return { kind: 'refused', reason: problem, signature };
  await sleep(settleMs);
  const after = await statFile(file);
  if (after.kind !== 'stats' || signatureOf(after.stats) !== signature) return undefined;
  return readIfSame(file, signature);
}

const UNCHANGED: ReadOutcome = { kind: 'unchanged' };

type StatOutcome =
  | { readonly kind: 'stats'; readonly stats: BigIntStats }
  | Exclude<ReadOutcome, { kind: 'bytes' }>;

async function statFile(file: string): Promise<StatOutcome> {
  try {
    return { kind: 'stats', stats: await stat(file, { bigint: true }) };
  } catch (error) {
    return failure(error);
  }
}

/** undefined when the file changed between the last look and the end of the reading. */
async function readIfSame(file: string, signature: string): Promise<ReadOutcome | undefined> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking: should a FIFO have taken the file's place, opening it must not hang.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat({ bigint: true });
    if (signatureOf(stats) !== signature) return undefined;
    const bytes = await readBytes(handle, Number(stats.size));
    if (!bytes || signatureOf(await handle.stat({ bigint: true })) !== signature) return undefined;
    return { kind: 'bytes', bytes, signature, modifiedMs: Number(stats.mtimeMs) };
  } catch (error) {
    return failure(error);
  } finally {
    await handle?.close();
  }
}

function problemOf(stats: BigIntStats): string | undefined {
  if (!stats.isFile()) return 'not a regular file';
  if (stats.size <= MAX_FILE_BYTES) return undefined;
  return `the file has ${stats.size} bytes; the limit is ${MAX_FILE_BYTES} (64 MiB)`;
}

/** undefined when the file has become shorter. */
async function readBytes(handle: FileHandle, size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

/** ctime catches writes that put the old mtime back; the inode catches renames over the file. */
function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** The error code as signature: no stat gives it, so reading is tried again with each poll. */
function failure(error: unknown): Extract<ReadOutcome, { kind: 'missing' | 'refused' }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  return refused(`the file cannot be read (${code})`, code);
}

function refused(reason: string, signature: string): Extract<ReadOutcome, { kind: 'refused' }> {
  return { kind: 'refused', reason, signature };
}
