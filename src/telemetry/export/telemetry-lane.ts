import type { SinkCounters } from '../../model/sink.ts';
import type { OtlpClient } from './otlp-client.ts';
import { createExportLoop, type Outgoing } from './otlp-export-loop.ts';
import type { Reporter } from './rate-limited-report.ts';
import { createRetryPolicy, type RetryTiming } from './retry-policy.ts';
import { createSeverityQueue } from './severity-queue.ts';
import { createBooks } from './sink.ts';

export interface LaneOptions<R> extends RetryTiming {
  readonly client: OtlpClient<R>;
  /** Records that wait; the oldest are lost first, as `queue_full`. */
  readonly capacity: number;
  readonly batchSize: number;
  readonly reporter: Reporter;
  readonly endpoint: string;
  /** What one record is, for messages. */
  readonly noun: string;
  /** Alerts need the way, or telegen is over its budget: what comes now is lost as `shed`. */
  readonly mustYield: () => boolean;
}

/** One signal of telemetry on its way to the collector. */
export interface Lane<R> {
  send(record: R): void;
  flush(timeoutMs: number): Promise<boolean>;
  close(): void;
  readonly counters: SinkCounters;
}

/** A bounded queue before an export loop of its own. It never blocks; what is lost is counted and reported. */
export function createLane<R>(options: LaneOptions<R>): Lane<R> {
  const { client, capacity, batchSize, reporter, endpoint, noun, mustYield } = options;
  const books = createBooks();
  const queue = createSeverityQueue<Outgoing<R>>({ capacity, ranks: 1, rankOf: () => 0 });
  const loop = createExportLoop({
    queue,
    exportBatch: client.exportBatch,
    reconnect: client.reconnect,
    batchSize,
    retry: createRetryPolicy(options),
    reporter,
    endpoint,
    noun,
  });
  let closed = false;
  return {
    counters: books.counters,
    send(record) {
      const settle = books.open(undefined);
      if (closed) return settle('sink_closed');
      if (mustYield()) {
        settle('shed');
        return reporter.problem(
          `${noun} shed`,
          `${noun}s for ${endpoint} are given up: alerts wait, or telegen is over its budget`,
        );
      }
      const evicted = queue.push({ record, rank: 0, settle, refusedAt: undefined });
      if (evicted !== undefined) {
        evicted.settle('queue_full');
        reporter.problem(`${noun} overflow`, `${noun}s are lost: ${capacity} wait for ${endpoint}`);
      }
      loop.kick();
    },
    flush: (timeoutMs) => loop.flush(timeoutMs),
    close() {
      if (closed) return;
      closed = true;
      loop.close();
      client.reconnect();
    },
  };
}
