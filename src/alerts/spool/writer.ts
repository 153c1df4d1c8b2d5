import { SEVERITIES } from '../../model/finding.ts';
import type { SpoolBooks } from './books.ts';
import { bytesOf, isDiskFull, type ReadAlert } from './lane.ts';
import type { PendingAlert, PendingQueue } from './pending.ts';
import type { SpoolReporter } from './reporter.ts';
import type { Store } from './store.ts';

export interface SpoolWriterOptions {
  readonly store: Pick<Store, 'append' | 'makeRoom' | 'yieldTo'>;
  readonly books: SpoolBooks;
  readonly pending: PendingQueue;
  readonly directory: string;
  readonly maxBytes: number;
  readonly reporter: SpoolReporter;
}

export interface SpoolWriter {
  /**
   * Writes what is pending, the gravest first, and tells their senders. With room for all of it, and nothing waiting to
   * be read, returns them in order, so that they need not be read again. `isLast`: does not wait before it tries again.
   */
  write(round: {
    nowMs: number;
    upToSeq: number;
    room: number;
    isLast?: boolean;
  }): Promise<readonly ReadAlert[]>;
  /** The disk did not take the last alerts; they wait in memory, and are tried again. */
  readonly isBroken: boolean;
}

/** What one call of write() goes by: later alerts wait for the next, or they would overtake graver ones. */
interface Round {
  readonly nowMs: number;
  readonly follow: boolean;
  readonly upToSeq: number;
  /** Written alerts that need not be read again. */
  readonly read: ReadAlert[];
}

const BATCH_BYTES = 1_048_576;
/** Of the spool's size: what one write may need at once. */
const BATCH_SHARE = 8;
const RETRY_MS = 1_000;

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { store, books, pending, directory, reporter } = options;
  const batchBytes = Math.min(BATCH_BYTES, Math.floor(options.maxBytes / BATCH_SHARE));
  /** Less than a batch while the disk is nearly full: found by halving, given up by doubling. */
  let limitBytes = batchBytes;
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
        if (!isDiskFull(error) || !(await store.yieldTo(rank))) throw error;
      }
    }
  }

  /** False: the disk would not take fewer, either. */
  function putBack(alerts: readonly PendingAlert[], error: unknown): boolean {
    pending.putBack(alerts);
    if (isDiskFull(error)) {
      limitBytes = bytesOf(alerts) / 2;
      if (alerts.length > 1) return true;
    }
    retryAtMs = performance.now() + RETRY_MS;
    reporter.problem(
      'disk',
      `alerts cannot be written to ${directory} (${String(error)}); they wait in memory, a crash would lose them`,
    );
    return false;
  }

  /** False: it is of no use to go on. What the disk does not take is pending again. */
  async function writeBatch(rank: number, alerts: readonly PendingAlert[], round: Round): Promise<boolean> {
    try {
      if (!(await store.makeRoom(rank, alerts))) {
        refuse(alerts);
        return true;
      }
      round.read.push(...(await append(rank, alerts, round)));
      books.toDisk(alerts.length);
      limitBytes = Math.min(batchBytes, 2 * Math.max(limitBytes, bytesOf(alerts)));
      for (const alert of alerts) alert.settle('spooled');
      return true;
    } catch (error) {
      return putBack(alerts, error);
    }
  }

  async function writeRank(rank: number, round: Round): Promise<boolean> {
    for (;;) {
      const alerts = pending.take(rank, round.upToSeq, limitBytes);
      if (alerts.length === 0) return true;
      if (!(await writeBatch(rank, alerts, round))) return false;
    }
  }

  return {
    get isBroken() {
      return retryAtMs !== undefined;
    },
    async write({ nowMs, upToSeq, room, isLast = false }) {
      const isTooSoon = !isLast && retryAtMs !== undefined && performance.now() < retryAtMs;
      if (pending.size === 0 || isTooSoon) return [];
      const wasBroken = retryAtMs !== undefined;
      retryAtMs = undefined;
      const round: Round = { nowMs, follow: pending.size <= room, upToSeq, read: [] };
      for (let rank = SEVERITIES.length - 1; rank >= 0; rank -= 1) if (!(await writeRank(rank, round))) break;
      if (wasBroken && retryAtMs === undefined)
        reporter.recovered(() => `alerts are written to ${directory} again`);
      return round.read.toSorted((a, b) => a.seq - b.seq);
    },
  };
}
