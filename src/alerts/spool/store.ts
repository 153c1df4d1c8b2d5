import { readdir } from 'node:fs/promises';
import { SEVERITIES } from '../../model/finding.ts';
import { type Cursor, openCursor } from './cursor.ts';
import { bytesOf, Lane, type NewAlert, type ReadAlert, type StoreLoss } from './lane.ts';
import { type Scanned, type Segment, scanSegment } from './segment.ts';

export interface StoreOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What an earlier run left. */
export interface Leftovers {
  /** Alerts that still wait. */
  readonly waiting: number;
  /** Alerts that are destroyed, as far as gaps tell. */
  readonly destroyed: number;
  /** Bytes of records that were cut off, or are unreadable, at the ends of files. */
  readonly tailBytes: number;
  readonly lastSeq: number;
}

export interface StoreEvents {
  /** Alerts on disk are given up. */
  readonly onLost: (reason: StoreLoss, count: number) => void;
  /** A deleted file held alerts that are in memory, on their way: they no longer survive a crash. */
  readonly onUnbacked: (count: number) => void;
}

const SEGMENT_BYTES = { min: 65_536, max: 4_194_304, share: 32 } as const;
/** How exactly age is kept: files this much older than their first alert are closed. */
const AGE_SHARE = 16;
const SEGMENT_NAME = /^(\d)-[0-9a-f]{14}(?:-\d+)?\.seg$/;

/** Files of one severity in the order of their first alert: the names are made for that. */
function namesOf(names: readonly string[], rank: number): string[] {
  return names.filter((name) => Number(SEGMENT_NAME.exec(name)?.[1] ?? -1) === rank).toSorted();
}

/** The alerts that wait for one destination, on disk: a lane per severity. Calls must not overlap. */
export class Store {
  readonly #options: StoreOptions;
  readonly #events: StoreEvents;
  readonly #lanes: readonly Lane[];
  #cursor: Cursor | undefined;

  constructor(options: StoreOptions, events: StoreEvents) {
    this.#options = options;
    this.#events = events;
    const { directory, maxBytes, maxAgeMs } = options;
    const segmentBytes = Math.max(
      SEGMENT_BYTES.min,
      Math.min(SEGMENT_BYTES.max, Math.floor(maxBytes / SEGMENT_BYTES.share)),
    );
    this.#lanes = SEVERITIES.map(
      (_, rank) => new Lane({ rank, directory, segmentBytes, segmentMs: maxAgeMs / AGE_SHARE }),
    );
  }

  get bytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.bytes, 0);
  }

  /** When the oldest alert on disk was taken, epoch milliseconds; undefined when there is none. */
  get oldestMs(): number | undefined {
    const times = this.#lanes.flatMap(({ segments }) =>
      segments.flatMap(({ count, settled, oldestMs }) => (count > settled ? [oldestMs] : [])),
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Everything on disk has been read. */
  get isRead(): boolean {
    return this.#lanes.every((lane) => lane.buffer.length === 0 && !lane.hasUnread);
  }

  /** See Lane.underWay. */
  get underWay(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.underWay, 0);
  }

  /** Reads what an earlier run left. Throws the file system's error. */
  async open(): Promise<Leftovers> {
    const { directory } = this.#options;
    this.#cursor = openCursor(`${directory}/cursor`);
    const names = await readdir(directory);
    const found = { waiting: 0, destroyed: 0, tailBytes: 0, lastSeq: Math.max(0, ...this.#cursor.found) };
    for (const [rank, lane] of this.#lanes.entries()) {
      const paths = namesOf(names, rank).map((name) => `${directory}/${name}`);
      const scanned = await scanLane(paths, this.#cursor.found[rank] ?? 0);
      lane.restore(scanned.segments, scanned.lastOrdinal, this.#cursor.found[rank] ?? 0);
      found.waiting += scanned.segments.reduce((sum, { count, settled }) => sum + count - settled, 0);
      found.destroyed += scanned.destroyed;
      found.tailBytes += scanned.tailBytes;
      found.lastSeq = Math.max(found.lastSeq, scanned.lastSeq);
    }
    await this.reclaim();
    return found;
  }

  /** Makes room for alerts of this rank: the oldest of the least grave go, never a graver one. False: there is none. */
  async makeRoom(rank: number, alerts: readonly NewAlert[]): Promise<boolean> {
    const wanted = bytesOf(alerts);
    if (this.bytes + wanted > this.#options.maxBytes) await this.reclaim();
    while (this.bytes + wanted > this.#options.maxBytes) {
      const lane = this.#lanes.find(({ segments }) => segments.length > 0);
      if (lane === undefined || this.#lanes.indexOf(lane) > rank) return false;
      await this.#drop(lane, 'spool_full');
    }
    return true;
  }

  /** Deletes the oldest file of a lesser rank, for when the disk itself is full. False: there is none. */
  async yieldTo(rank: number): Promise<boolean> {
    const lane = this.#lanes.slice(0, rank).find(({ segments }) => segments.length > 0);
    if (lane === undefined) return false;
    await this.#drop(lane, 'spool_full');
    return true;
  }

  async #drop(lane: Lane, reason: StoreLoss): Promise<void> {
    const cost = await lane.evict();
    if (cost === undefined) return;
    if (cost.lost > 0) this.#events.onLost(reason, cost.lost);
    if (cost.unbacked > 0) this.#events.onUnbacked(cost.unbacked);
  }

  /** See Lane.append. */
  append(
    rank: number,
    alerts: readonly NewAlert[],
    nowMs: number,
    follow: boolean,
  ): Promise<readonly ReadAlert[]> {
    return this.#lane(rank).append(alerts, nowMs, follow);
  }

  #lane(rank: number): Lane {
    const lane = this.#lanes[rank];
    if (lane === undefined) throw new RangeError(`no lane of rank ${rank}`);
    return lane;
  }

  /** The next alerts in the order of their sequence numbers, at least one unless everything has been read. */
  async readOn(limit: number, nowMs: number): Promise<ReadAlert[]> {
    const isExpired = (takenMs: number): boolean => nowMs - takenMs > this.#options.maxAgeMs;
    const alerts: ReadAlert[] = [];
    while (alerts.length < limit) {
      const hungry = this.#lanes.filter((lane) => lane.buffer.length === 0 && lane.hasUnread);
      for (const lane of hungry) await lane.read(isExpired, this.#events.onLost);
      const next = this.#first();
      if (next === undefined) {
        if (hungry.length === 0) break;
        continue;
      }
      next.buffer.shift();
      alerts.push(next.alert);
    }
    return alerts;
  }

  #first(): { buffer: ReadAlert[]; alert: ReadAlert } | undefined {
    let first: { buffer: ReadAlert[]; alert: ReadAlert } | undefined;
    for (const { buffer } of this.#lanes) {
      const [alert] = buffer;
      if (alert !== undefined && (first === undefined || alert.seq < first.alert.seq))
        first = { buffer, alert };
    }
    return first;
  }

  settle(alert: ReadAlert): void {
    this.#lane(alert.rank).settle(alert);
  }

  /** Deletes files of which everything is too old. */
  async expire(nowMs: number): Promise<void> {
    for (const lane of this.#lanes) {
      for (;;) {
        const [oldest] = lane.segments;
        if (oldest === undefined || oldest.count === 0 || nowMs - oldest.newestMs <= this.#options.maxAgeMs)
          break;
        await this.#drop(lane, 'spool_age');
      }
    }
  }

  /** Deletes files that are done with. */
  async reclaim(all = false): Promise<void> {
    for (const lane of this.#lanes) await lane.reclaim(all);
  }

  /** Notes on disk how far the destination has come. */
  saveCursor(): void {
    this.#cursor?.write(this.#lanes.map((lane) => lane.settledUpTo));
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) await lane.close();
    this.#cursor?.close();
    this.#cursor = undefined;
  }
}

interface ScannedLane {
  readonly segments: Segment[];
  readonly lastOrdinal: number;
  readonly lastSeq: number;
  readonly destroyed: number;
  readonly tailBytes: number;
}

async function scanLane(paths: readonly string[], doneUpTo: number): Promise<ScannedLane> {
  const segments: Segment[] = [];
  const sum = { lastOrdinal: 0, lastSeq: doneUpTo, destroyed: 0, tailBytes: 0 };
  for (const path of paths) {
    const scanned: Scanned = await scanSegment(path, sum.lastSeq);
    segments.push(scanned.segment);
    sum.tailBytes += scanned.tailBytes;
    sum.destroyed += scanned.destroyed;
    // Alerts of an earlier file that are missing at its end. Files before the first are done with, or were given up.
    const { count, settled } = scanned.segment;
    if (scanned.firstOrdinal !== undefined && sum.lastOrdinal > 0 && count > settled)
      sum.destroyed += Math.max(0, scanned.firstOrdinal - sum.lastOrdinal - 1);
    sum.lastOrdinal = Math.max(sum.lastOrdinal, scanned.lastOrdinal);
    sum.lastSeq = Math.max(sum.lastSeq, scanned.lastSeq);
  }
  return { segments, ...sum };
}
