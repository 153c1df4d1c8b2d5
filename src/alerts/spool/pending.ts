import { SEVERITIES } from '../../model/finding.ts';
import type { Settle } from '../../model/sink.ts';
import type { NewAlert } from './lane.ts';
import { recordBytes } from './record.ts';

/** An alert that is in memory alone. */
export interface PendingAlert extends NewAlert {
  readonly rank: number;
  /** Tells the sender what became of it. */
  readonly settle: Settle;
}

export interface PendingLimits {
  readonly maxAlerts: number;
  readonly maxBytes: number;
}

/** What waits to be written: short while the disk works, bounded while it does not. */
export interface PendingQueue {
  /** Returns those that had to go to make room: the oldest of the least grave, never a graver one. */
  push(alert: PendingAlert): readonly PendingAlert[];
  /** Takes the oldest of a rank up to a sequence number and so many bytes, at least one if there is one. */
  take(rank: number, upToSeq: number, maxBytes: number): readonly PendingAlert[];
  /** Puts back what take() gave. */
  putBack(alerts: readonly PendingAlert[]): void;
  /** Takes the oldest of all. */
  shift(): PendingAlert | undefined;
  readonly size: number;
  readonly bytes: number;
}

/** Creates an empty queue: one line per severity. */
export function createPendingQueue({ maxAlerts, maxBytes }: PendingLimits): PendingQueue {
  const lines: PendingAlert[][] = SEVERITIES.map(() => []);
  let size = 0;
  let bytes = 0;

  function account(alert: PendingAlert, sign: 1 | -1): void {
    size += sign;
    bytes += sign * recordBytes(alert.payload);
  }

  function shiftFrom(line: PendingAlert[] | undefined): PendingAlert | undefined {
    const alert = line?.shift();
    if (alert !== undefined) account(alert, -1);
    return alert;
  }

  return {
    get size() {
      return size;
    },
    get bytes() {
      return bytes;
    },
    push(alert) {
      lines[alert.rank]?.push(alert);
      account(alert, 1);
      const evicted: PendingAlert[] = [];
      while (size > maxAlerts || bytes > maxBytes) {
        const victim = shiftFrom(lines.find((line) => line.length > 0));
        if (victim === undefined) break;
        evicted.push(victim);
      }
      return evicted;
    },
    take(rank, upToSeq, limit) {
      const line = lines[rank] ?? [];
      let count = 0;
      let sum = 0;
      for (const { seq, payload } of line) {
        sum += recordBytes(payload);
        if (seq > upToSeq || (sum > limit && count > 0)) break;
        count += 1;
      }
      const taken = line.splice(0, count);
      for (const alert of taken) account(alert, -1);
      return taken;
    },
    putBack(alerts) {
      for (const alert of alerts.toReversed()) {
        lines[alert.rank]?.unshift(alert);
        account(alert, 1);
      }
    },
    shift() {
      const heads = lines.filter((line) => line.length > 0);
      const [oldest] = heads.toSorted((a, b) => (a[0]?.seq ?? 0) - (b[0]?.seq ?? 0));
      return shiftFrom(oldest);
    },
  };
}
