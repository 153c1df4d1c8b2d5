import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { encodeRecords, recordBytes, type SpooledAlert } from './record.ts';
import { emptySegment, noteAppended, readOn, removeSegment, type Segment } from './segment.ts';

/** An alert of the disk in memory, on its way to the destination. */
export interface ReadAlert extends SpooledAlert {
  readonly rank: number;
  readonly segment: Segment;
  settled: boolean;
}

export interface NewAlert extends SpooledAlert {
  readonly payload: Buffer;
}

/** Why alerts on disk are given up. */
export type StoreLoss = 'spool_full' | 'spool_age' | 'spool_corrupt';
export type OnLost = (reason: StoreLoss, count: number) => void;

export interface LaneOptions {
  readonly rank: number;
  readonly directory: string;
  /** A file that has reached this size, or this age, is followed by a new one. */
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

const MAX_NAMES = 100;
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Syncs the directory itself: only then a new file's name outlives a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Less might still fit. */
export const isDiskFull = (error: unknown): boolean =>
  DISK_FULL.has((error as NodeJS.ErrnoException).code ?? '');

/** A disk that is nearly full takes a part, without an error: the rest then says why. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The file of that name, new; another name when it is there already, left over from a write that failed. */
async function openNew(base: string): Promise<{ file: FileHandle; path: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const path = `${base}${attempt === 0 ? '' : `-${attempt}`}.seg`;
    try {
      return { file: await open(path, APPEND, 0o600), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === MAX_NAMES) throw error;
    }
  }
}

/**
 * The alerts of one severity on disk: appended at the end, read and settled from the front. So the oldest of the least
 * grave can go by deleting a file, and nothing is ever rewritten.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #segments: Segment[] = [];
  /** Read and not known to be settled up to here, in order. */
  readonly #window: ReadAlert[] = [];
  #handle: FileHandle | undefined;
  #ordinal = 1;
  #lastRead = 0;
  /** All up to this sequence number are done with. */
  settledUpTo = 0;
  /** Read, and not yet taken out. */
  readonly buffer: ReadAlert[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get hasUnread(): boolean {
    return this.#segments.some((segment) => segment.readOffset < segment.bytes);
  }

  /** Taken out and remembered: up to the first that is not settled, settled ones behind it included. */
  get underWay(): number {
    return this.#window.length - this.buffer.length;
  }

  /** Takes over what an earlier run left; files in their order. */
  restore(segments: readonly Segment[], lastOrdinal: number, settledUpTo: number): void {
    this.#segments.push(...segments);
    this.#ordinal = lastOrdinal + 1;
    this.settledUpTo = settledUpTo;
    this.#lastRead = settledUpTo;
  }

  /**
   * Writes and syncs. When `follow` is set, nothing waits to be read: the alerts are returned as read, without a look
   * at the disk. On an error none of them is on disk.
   */
  async append(alerts: readonly NewAlert[], nowMs: number, follow: boolean): Promise<readonly ReadAlert[]> {
    const { handle, segment } = await this.#active(alerts[0]?.seq ?? 0, nowMs);
    const bytes = encodeRecords(
      alerts,
      alerts.map((alert) => alert.payload),
      this.#ordinal,
    );
    let isWritten = false;
    try {
      await writeAll(handle, bytes, segment.bytes);
      isWritten = true;
      await handle.datasync();
    } catch (error) {
      await this.#takeBack(segment, !isWritten && isDiskFull(error));
      throw error;
    }
    this.#ordinal += alerts.length;
    segment.bytes += bytes.length;
    for (const { takenMs } of alerts) noteAppended(segment, takenMs);
    if (!follow || segment.gone) return [];
    segment.readOffset = segment.bytes;
    segment.read = segment.count;
    return alerts.map((alert) => this.#track(alert, segment));
  }

  /** Reads some of what was not read yet into the buffer. What is too old, or unreadable by now, is given up. */
  async read(isExpired: (takenMs: number) => boolean, onLost: OnLost): Promise<void> {
    const segment = this.#segments.find(({ readOffset, bytes }) => readOffset < bytes);
    if (segment === undefined) return;
    for (const record of await readOn(segment)) {
      // After a failed write the same alerts may lie in two files.
      const repeated = record.seq <= this.#lastRead;
      segment.read += 1;
      const alert = this.#track(record, segment);
      if (!repeated && !isExpired(record.takenMs)) this.buffer.push(alert);
      else {
        if (!repeated) onLost('spool_age', 1);
        this.settle(alert);
      }
    }
    const missing = segment.readOffset >= segment.bytes ? segment.count - segment.read : 0;
    if (missing <= 0) return;
    segment.read += missing;
    segment.settled += missing;
    onLost('spool_corrupt', missing);
  }

  #track({ seq, takenMs, alert }: SpooledAlert, segment: Segment): ReadAlert {
    const read = { seq, takenMs, alert, rank: this.#options.rank, segment, settled: false };
    this.#lastRead = Math.max(this.#lastRead, seq);
    this.#window.push(read);
    return read;
  }

  /** Done with: delivered or given up. */
  settle(alert: ReadAlert): void {
    alert.settled = true;
    alert.segment.settled += 1;
    while (this.#window[0]?.settled === true) {
      const done = this.#window.shift();
      if (done !== undefined) this.settledUpTo = Math.max(this.settledUpTo, done.seq);
    }
  }

  /** Deletes the files of which everything is done with, but not the one that is written to; `all`: that one, too. */
  async reclaim(all = false): Promise<void> {
    for (const segment of this.#segments.filter(({ settled, count }) => settled === count)) {
      if (segment === this.#segments.at(-1) && this.#handle !== undefined && !all) continue;
      await this.#remove(segment);
    }
  }

  /** Deletes the oldest file, and says what that costs; undefined when there is none. */
  async evict(): Promise<{ lost: number; unbacked: number } | undefined> {
    const [oldest] = this.#segments;
    if (oldest === undefined) return undefined;
    await this.#remove(oldest);
    const dropped = this.buffer.filter(({ segment }) => segment === oldest);
    this.buffer.splice(0, dropped.length);
    for (const alert of dropped) this.settle(alert);
    const { count, read, settled } = oldest;
    return { lost: count - read + dropped.length, unbacked: read - settled };
  }

  async #remove(segment: Segment): Promise<void> {
    if (segment === this.#segments.at(-1)) await this.#seal();
    const index = this.#segments.indexOf(segment);
    if (index >= 0) this.#segments.splice(index, 1);
    await removeSegment(segment);
  }

  async #active(firstSeq: number, nowMs: number): Promise<{ handle: FileHandle; segment: Segment }> {
    const { segmentBytes, segmentMs, directory, rank } = this.#options;
    const last = this.#segments.at(-1);
    const full = last !== undefined && (last.bytes >= segmentBytes || nowMs - last.oldestMs > segmentMs);
    if (this.#handle !== undefined && last !== undefined && !full)
      return { handle: this.#handle, segment: last };
    await this.#seal();
    const { file, path } = await openNew(`${directory}/${rank}-${firstSeq.toString(16).padStart(14, '0')}`);
    await syncDirectory(directory).catch(async (error: unknown) => {
      await file.close();
      await unlink(path).catch(() => {});
      throw error;
    });
    this.#handle = file;
    const segment = emptySegment(path);
    this.#segments.push(segment);
    return { handle: file, segment };
  }

  /**
   * After a failed write: cuts off what arrived of it, as far as the disk still obeys. Never writes there again, unless all
   * is known to be as it was: not after a failed sync, which leaves open what is on disk.
   */
  async #takeBack(segment: Segment, mayGoOn: boolean): Promise<void> {
    const isCut = await this.#handle?.truncate(segment.bytes).then(
      () => true,
      () => false,
    );
    if (mayGoOn && isCut === true) return;
    if (segment.count > 0) await this.#seal().catch(() => {});
    else await this.#remove(segment).catch(() => {});
  }

  async #seal(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async close(): Promise<void> {
    await this.#seal();
  }
}

/** Bytes that the alerts take on disk. */
export const bytesOf = (alerts: readonly NewAlert[]): number =>
  alerts.reduce((sum, { payload }) => sum + recordBytes(payload), 0);
