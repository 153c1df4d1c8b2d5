import { open, readFile, unlink } from 'node:fs/promises';
import { decodeRecords, type StoredAlert } from './record.ts';

/** One file of one severity, records in order. `settled <= read <= count`. */
export interface Segment {
  readonly path: string;
  /** Whole records end here. */
  bytes: number;
  count: number;
  /** Of `count`: taken into memory, or already done with when the spool was opened. */
  read: number;
  /** Of `read`: done with. */
  settled: number;
  readOffset: number;
  /** When its first and its last alert were taken; epoch milliseconds. */
  oldestMs: number;
  newestMs: number;
  /** Deleted: what of it is in memory lives on there alone. */
  gone: boolean;
}

/** An empty file of that name is expected to exist. */
export function emptySegment(path: string): Segment {
  return {
    path,
    bytes: 0,
    count: 0,
    read: 0,
    settled: 0,
    readOffset: 0,
    oldestMs: Number.POSITIVE_INFINITY,
    newestMs: Number.NEGATIVE_INFINITY,
    gone: false,
  };
}

export function noteAppended(segment: Segment, takenMs: number): void {
  segment.count += 1;
  segment.oldestMs = Math.min(segment.oldestMs, takenMs);
  segment.newestMs = Math.max(segment.newestMs, takenMs);
}

/** What a look through a file of an earlier run found. */
export interface Scanned {
  readonly segment: Segment;
  readonly firstOrdinal: number | undefined;
  readonly lastOrdinal: number;
  readonly lastSeq: number;
  /** Records missing in between, of those that were not done with. */
  readonly destroyed: number;
  /** Bytes after the last whole record. */
  readonly tailBytes: number;
}

/** Reads a file of an earlier run: what of it is done with (`seq <= doneUpTo`), what waits, what is damaged. */
export async function scanSegment(path: string, doneUpTo: number): Promise<Scanned> {
  const bytes = await readFile(path);
  const segment = emptySegment(path);
  const at = { first: undefined as number | undefined, ordinal: 0, seq: 0, destroyed: 0 };
  const goodEnd = decodeRecords(bytes, (record) => {
    at.first ??= record.ordinal;
    if (at.ordinal > 0 && record.seq > doneUpTo) at.destroyed += Math.max(0, record.ordinal - at.ordinal - 1);
    at.ordinal = Math.max(at.ordinal, record.ordinal);
    at.seq = Math.max(at.seq, record.seq);
    noteAppended(segment, record.takenMs);
    if (record.seq > doneUpTo) return;
    segment.read += 1;
    segment.settled += 1;
    segment.readOffset = record.end;
  });
  segment.bytes = goodEnd;
  return {
    segment,
    firstOrdinal: at.first,
    lastOrdinal: at.ordinal,
    lastSeq: at.seq,
    destroyed: at.destroyed,
    tailBytes: bytes.length - goodEnd,
  };
}

const CHUNK_BYTES = 262_144;

/** The next records that were not read yet; empty when there are none left. Throws the file system's error. */
export async function readOn(segment: Segment): Promise<readonly StoredAlert[]> {
  const file = await open(segment.path, 'r');
  try {
    const records: StoredAlert[] = [];
    for (let size = CHUNK_BYTES; records.length === 0; size *= 4) {
      const wanted = Math.min(size, segment.bytes - segment.readOffset);
      const chunk = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await file.read(chunk, 0, wanted, segment.readOffset);
      const end = decodeRecords(chunk.subarray(0, bytesRead), (record) => void records.push(record));
      if (records.length > 0) segment.readOffset += end;
      else if (segment.readOffset + size >= segment.bytes) break;
    }
    // Damage up to the end: there is nothing more to come.
    if (records.length === 0) segment.readOffset = segment.bytes;
    return records;
  } finally {
    await file.close();
  }
}

/** Deletes the file. One that is gone already is as good. */
export async function removeSegment(segment: Segment): Promise<void> {
  segment.gone = true;
  await unlink(segment.path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
