import type { AlertSink, Outcome } from '../../model/sink.ts';
import type { ReadAlert } from './lane.ts';
import type { PendingAlert } from './pending.ts';

/** From disk, or from memory while the disk cannot be written. */
export type Outgoing = ReadAlert | PendingAlert;

export interface HandOutOptions {
  readonly sink: AlertSink;
  /** Alerts that may be under way at the sink; its own queue must be longer. */
  readonly maxUnderWay: number;
  /** The sink is done with it: it took it, or refused it for good. */
  readonly onDone: (alert: Outgoing, outcome: 'delivered' | 'rejected') => void;
  /** There is room again. */
  readonly onRoom: () => void;
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number;
}

/** Passes alerts on to a sink in their order, and takes back what it could not keep. */
export interface HandOut {
  /** Puts alerts in line, behind those that are there. */
  queue(alerts: readonly Outgoing[]): void;
  /** Hands out what there is room for. */
  pump(): void;
  /** In line, not handed out. */
  readonly waiting: number;
  readonly underWay: number;
  /** Hands nothing out any more; what comes back stays in line. */
  stop(): void;
  /** Removes what is in line. */
  drain(): Outgoing[];
}

/** After the sink gave alerts back: it is full, or closed. */
const PAUSE_MS = 1_000;

export function createHandOut({ sink, maxUnderWay, onDone, onRoom, now }: HandOutOptions): HandOut {
  const line: Outgoing[] = [];
  let underWay = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let stopped = false;

  function takeBack(alert: Outgoing): void {
    pausedUntilMs = now() + PAUSE_MS;
    line.push(alert);
    line.sort((a, b) => a.seq - b.seq);
  }

  function settler(alert: Outgoing): (outcome: Outcome) => void {
    let done = false;
    return (outcome) => {
      if (done) return;
      done = true;
      underWay -= 1;
      if (outcome === 'delivered' || outcome === 'rejected') onDone(alert, outcome);
      else takeBack(alert);
      if (underWay <= maxUnderWay / 2) onRoom();
    };
  }

  return {
    get waiting() {
      return line.length;
    },
    get underWay() {
      return underWay;
    },
    queue(alerts) {
      for (const alert of alerts) line.push(alert);
    },
    pump() {
      while (!stopped && underWay < maxUnderWay && now() >= pausedUntilMs) {
        const alert = line.shift();
        if (alert === undefined) return;
        underWay += 1;
        sink.send(alert.alert, settler(alert));
      }
    },
    stop() {
      stopped = true;
    },
    drain() {
      return line.splice(0);
    },
  };
}
