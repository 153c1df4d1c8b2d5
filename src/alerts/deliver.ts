import type { Alert } from '../model/finding.ts';
import type { AlertSink, LossReason, Outcome, SinkCounters } from '../model/sink.ts';

export interface DeliveryOptions {
  readonly sinks: readonly AlertSink[];
  /** By name of the sink: which alerts it wants; without an entry all. */
  readonly wants?: Readonly<Record<string, (alert: Alert) => boolean>>;
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

type Losses = Partial<Record<LossReason, number>>;

function sumOf(a: Readonly<Losses>, b: Readonly<Losses>): Losses {
  const sum: Losses = { ...a };
  for (const [reason, count] of Object.entries(b) as [LossReason, number][])
    sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

const DEFAULT_MAX_PENDING = 20_000;

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface LaneOptions {
  readonly sink: AlertSink;
  readonly wants: ((alert: Alert) => boolean) | undefined;
  readonly maxPending: number;
  readonly onProblem: (message: string) => void;
}

function createLane({ sink, wants, maxPending, onProblem }: LaneOptions): Lane {
  /** Of what the sink took, and of what it never saw. */
  const lost: Losses = {};
  const refused: Losses = {};
  let accepted = 0;
  let filtered = 0;
  let delivered = 0;
  let pending = 0;
  let reported = false;
  let closed = false;

  function refuse(reason: LossReason): void {
    refused[reason] = (refused[reason] ?? 0) + 1;
  }

  const notWanted = (): { filtered?: number } => (wants === undefined ? {} : { filtered });

  /** The books stay right even if a sink settles twice, or after it was closed. */
  function settler(): (outcome: Outcome) => void {
    let done = false;
    return (outcome) => {
      if (done || closed) return;
      done = true;
      pending -= 1;
      if (outcome === 'delivered') delivered += 1;
      else if (outcome !== 'spooled') lost[outcome] = (lost[outcome] ?? 0) + 1;
    };
  }

  return {
    sink,
    send(alert) {
      if (wants?.(alert) === false) {
        filtered += 1;
        return;
      }
      accepted += 1;
      if (closed) return refuse('sink_closed');
      if (pending >= maxPending) return refuse('queue_full');
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
    counters: () =>
      sink.counters.spooled === undefined
        ? { accepted, delivered, pending, lost: sumOf(lost, refused), ...notWanted() }
        : { ...sink.counters, accepted, lost: sumOf(sink.counters.lost, refused), ...notWanted() },
    writeOff() {
      closed = true;
      if (pending > 0) lost.shutdown = (lost.shutdown ?? 0) + pending;
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
  const { sinks, wants = {}, maxPending = DEFAULT_MAX_PENDING, onProblem = () => {} } = options;
  const lanes = sinks.map((sink) => createLane({ sink, wants: wants[sink.name], maxPending, onProblem }));
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
