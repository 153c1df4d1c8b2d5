import type { Writable } from 'node:stream';
import type { Alert } from '../../model/finding.ts';
import { SEVERITIES } from '../../model/finding.ts';
import type { AlertSink, End, SettleEnd } from '../../model/sink.ts';
import { createIdleSignal } from './idle-signal.ts';
import { alertToJson } from './serialize.ts';
import { createSeverityQueue } from './severity-queue.ts';
import { createBooks, type OnReport } from './sink.ts';

export interface StreamSinkOptions {
  readonly stream: Writable;
  /** Default `stdout`. */
  readonly name?: string;
  /** Text of one alert without the last newline. Default: JSON lines. */
  readonly format?: (alert: Alert) => string;
  /** Alerts that wait while the reader is slow; then the oldest of the least grave are lost as `queue_full`. */
  readonly capacity?: number;
  readonly onReport?: OnReport;
}

interface Line {
  readonly rank: number;
  readonly text: string;
  readonly settle: SettleEnd;
}

const DEFAULT_CAPACITY = 10_000;

/** Alerts as lines to a stream that is never ended here. A reader that goes away (EPIPE) is reported, not a crash. */
export function createStreamSink(options: StreamSinkOptions): AlertSink {
  const { stream, name = 'stdout', format = (alert) => alertToJson(alert), onReport = () => {} } = options;
  const { capacity = DEFAULT_CAPACITY } = options;
  const books = createBooks();
  const queue = createSeverityQueue<Line>({
    capacity,
    ranks: SEVERITIES.length,
    rankOf: (line) => line.rank,
  });
  const written = new Set<SettleEnd>();
  const idle = createIdleSignal();
  let blocked = false;
  let closed = false;

  function wakeIfIdle(): void {
    if (books.counters.pending === 0) idle.wake();
  }

  function stop(outcome: End): void {
    closed = true;
    stream.off('drain', onDrain).off('close', onClose);
    for (const line of queue.drain()) line.settle(outcome);
    for (const settle of written) settle(outcome);
    written.clear();
    wakeIfIdle();
  }

  function fail(reason: string): void {
    if (closed) return;
    stop('sink_error');
    const lost = books.counters.lost.sink_error ?? 0;
    const message = `alerts can no longer be written to ${name}: ${reason}; ${lost} lost, later ones are lost, too`;
    onReport({ level: 'error', message });
  }

  function write(line: Line): void {
    written.add(line.settle);
    blocked = !stream.write(`${line.text}\n`, (error) => {
      if (error) return fail(error.message);
      written.delete(line.settle);
      line.settle('delivered');
      wakeIfIdle();
    });
  }

  function pump(): void {
    while (!blocked && !closed) {
      const [line] = queue.take(1);
      if (line === undefined) return;
      queue.done();
      write(line);
    }
  }

  function onDrain(): void {
    blocked = false;
    pump();
  }
  function onClose(): void {
    fail('the stream was closed');
  }
  // Stays attached after close(): a late EPIPE without a listener would end the process.
  stream.on('error', (error) => fail(error.message));
  stream.on('drain', onDrain).on('close', onClose);

  return {
    name,
    counters: books.counters,
    send(alert, settled) {
      const settle = books.open(settled);
      if (closed) return settle('sink_closed');
      const line = { rank: SEVERITIES.indexOf(alert.severity), text: format(alert), settle };
      queue.push(line)?.settle('queue_full');
      pump();
    },
    async flush(timeoutMs) {
      if (books.counters.pending > 0) await idle.wait(timeoutMs);
      return books.counters.pending === 0;
    },
    async close() {
      if (!closed) stop('shutdown');
    },
  };
}
