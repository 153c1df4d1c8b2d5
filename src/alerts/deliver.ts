import type { Alert } from '../model/finding.ts';
import type { AlertSink, LossReason, Outcome, SinkCounters } from '../model/sink.ts';

export interface DeliveryOptions {
  readonly sinks: readonly AlertSink[];
  /** Alerts that may be under way at one sink; more are lost as `queue_full`. The sink's own queue should be smaller. */
  readonly maxPending?: number;
  /** A sink broke its contract (it threw). Called at most once per sink. */
  readonly onProblem?: (message: string) => void;
}

export interface Delivery {
  /** Hands the alert to every sink. One sink's trouble never reaches another. */
  send(alert: Alert): void;
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
  /** By name of the sink. */
  counters(): Readonly<Record<string, SinkCounters>>;
}

interface Lane {
  readonly sink: AlertSink;
  send(alert: Alert): void;
  counters(): SinkCounters;
  /** Counts what a sink left unsettled when it was closed. */
  writeOff(): void;
}

const DEFAULT_MAX_PENDING = 20_000;

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function createLane(sink: AlertSink, maxPending: number, onProblem: (message: string) => void): Lane {
  const lost: Partial<Record<LossReason, number>> = {};
  let accepted = 0;
  let delivered = 0;
  let pending = 0;
  let reported = false;
  let closed = false;

  function lose(reason: LossReason, count = 1): void {
    lost[reason] = (lost[reason] ?? 0) + count;
  }

  /** The books stay right even if a sink settles twice, or after it was closed. */
  function settler(): (outcome: Outcome) => void {
    let done = false;
    return (outcome) => {
      if (done || closed) return;
      done = true;
      pending -= 1;
      if (outcome === 'delivered') delivered += 1;
      else lose(outcome);
    };
  }

  return {
    sink,
    send(alert) {
      accepted += 1;
      if (closed) return lose('sink_closed');
      if (pending >= maxPending) return lose('queue_full');
      pending += 1;
      const settled = settler();
      try {
        sink.send(alert, settled);
      } catch (error) {
        settled('sink_error');
        if (!reported) onProblem(`alert sink ${sink.name} failed: ${describe(error)}`);
        reported = true;
      }
    },
    counters: () => ({ accepted, delivered, pending, lost: { ...lost } }),
    writeOff() {
      closed = true;
      if (pending > 0) lose('shutdown', pending);
      pending = 0;
    },
  };
}

/** Resolves to `fallback` when the promise fails or takes longer than the time given. */
async function within<T>(work: () => Promise<T>, timeoutMs: number, fallback: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, fallback);
  });
  try {
    return await Promise.race([work(), timeout]);
  } catch {
    return fallback;
  } finally {
    clearTimeout(timer);
  }
}

/** Longest wait for a sink to close, and the grace that flush gives a sink beyond its own time limit. */
const CLOSE_TIMEOUT_MS = 400;
const FLUSH_GRACE_MS = 250;

/** Fans alerts out to sinks and keeps each sink's books. Bounded, and never throws into the pipeline. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { sinks, maxPending = DEFAULT_MAX_PENDING, onProblem = () => {} } = options;
  const lanes = sinks.map((sink) => createLane(sink, maxPending, onProblem));
  return {
    send(alert) {
      for (const lane of lanes) lane.send(alert);
    },
    async flush(timeoutMs) {
      const flushed = lanes.map(({ sink }) =>
        within(() => sink.flush(timeoutMs), timeoutMs + FLUSH_GRACE_MS, false),
      );
      return (await Promise.all(flushed)).every(Boolean);
    },
    async close() {
      await Promise.all(
        lanes.map(async (lane) => {
          await within(() => lane.sink.close(), CLOSE_TIMEOUT_MS, undefined);
          lane.writeOff();
        }),
      );
    },
    counters: () => Object.fromEntries(lanes.map((lane) => [lane.sink.name, lane.counters()])),
  };
}
