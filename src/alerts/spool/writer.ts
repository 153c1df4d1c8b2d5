import { SEVERITIES } from '../../model/finding.ts';
import type { SpoolBooks } from './books.ts';
import type { ReadAlert } from './lane.ts';
import type { PendingAlert, PendingQueue } from './pending.ts';
import type { SpoolReporter } from './reporter.ts';
import type { Store } from './store.ts';

export interface SpoolWriterOptions {
  readonly store: Store;
  readonly books: SpoolBooks;
  readonly pending: PendingQueue;
  readonly directory: string;
  readonly maxBytes: number;
  readonly reporter: SpoolReporter;
}

export interface SpoolWriter {
  /**
   * Writes what is pending, the gravest first, and tells their senders. With room for all of it, and nothing waiting to
   * be read, returns them in order, so that they need not be read again.
   */
  write(round: { nowMs: number; upToSeq: number; room: number }): Promise<readonly ReadAlert[]>;
  /** The disk did not take the last alerts; they wait in memory, and are tried again. */
  readonly isBroken: boolean;
}

/** What one call of write() goes by: later alerts wait for the next, or they would overtake graver ones. */
interface Round {
  readonly nowMs: number;
  readonly follow: boolean;
  readonly upToSeq: number;
}

const BATCH_BYTES = 1_048_576;
/** Of the spool's size: what one write may need at once. */
const BATCH_SHARE = 8;
const RETRY_MS = 1_000;
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { store, books, pending, directory, reporter } = options;
  const batchBytes = Math.min(BATCH_BYTES, Math.floor(options.maxBytes / BATCH_SHARE));
  let retryAtMs: number | undefined;

  function refuse(alerts: readonly PendingAlert[]): void {
    for (const alert of alerts) {
      books.lose('memory', 'spool_full');
      alert.settle('spool_full');
    }
  }

  async function append(
    rank: number,
    alerts: readonly PendingAlert[],
    { nowMs, follow }: Round,
  ): Promise<readonly ReadAlert[]> {
    for (;;) {
      try {
        return await store.append(rank, alerts, nowMs, follow);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (!DISK_FULL.has(code) || !(await store.yieldTo(rank))) throw error;
      }
    }
  }

  /** Returns undefined when the disk does not take it. */
  async function writeBatch(
    rank: number,
    alerts: readonly PendingAlert[],
    round: Round,
  ): Promise<readonly ReadAlert[] | undefined> {
    try {
      if (!(await store.makeRoom(rank, alerts))) {
        refuse(alerts);
        return [];
      }
      const read = await append(rank, alerts, round);
      books.toDisk(alerts.length);
      for (const alert of alerts) alert.settle('spooled');
      return read;
    } catch (error) {
      pending.putBack(alerts);
      retryAtMs = performance.now() + RETRY_MS;
      reporter.problem(
        'disk',
        `alerts cannot be written to ${directory} (${String(error)}); they wait in memory, a crash would lose them`,
      );
      return undefined;
    }
  }

  async function writeRank(rank: number, round: Round): Promise<readonly ReadAlert[] | undefined> {
    const read: ReadAlert[] = [];
    for (;;) {
      const alerts = pending.take(rank, round.upToSeq, batchBytes);
      if (alerts.length === 0) return read;
      const written = await writeBatch(rank, alerts, round);
      if (written === undefined) return undefined;
      read.push(...written);
    }
  }

  return {
    get isBroken() {
      return retryAtMs !== undefined;
    },
    async write({ nowMs, upToSeq, room }) {
      if (pending.size === 0 || (retryAtMs !== undefined && performance.now() < retryAtMs)) return [];
      const wasBroken = retryAtMs !== undefined;
      retryAtMs = undefined;
      const follow = pending.size <= room;
      const read: ReadAlert[] = [];
      for (let rank = SEVERITIES.length - 1; rank >= 0; rank -= 1) {
        const written = await writeRank(rank, { nowMs, upToSeq, follow });
        if (written === undefined) break;
        read.push(...written);
      }
      if (wasBroken && retryAtMs === undefined)
        reporter.recovered(() => `alerts are written to ${directory} again`);
      return read.toSorted((a, b) => a.seq - b.seq);
    },
  };
}
