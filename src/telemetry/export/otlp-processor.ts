import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { SettleEnd } from '../../model/sink.ts';
import type { ExportLoop, Outgoing } from './otlp-export-loop.ts';
import { severityRank } from './otlp-record.ts';
import type { SeverityQueue } from './severity-queue.ts';

const SETTLE = createContextKey('telegen.settle');

/** Carries the callback through the SDK: a log record has no place for it, its context has. */
export function withSettle(settle: SettleEnd): Context {
  return ROOT_CONTEXT.setValue(SETTLE, settle);
}

function settleOf(context: Context | undefined): SettleEnd {
  const value = context?.getValue(SETTLE);
  return typeof value === 'function' ? (outcome) => void value(outcome) : () => {};
}

/** A bounded queue between the SDK and the exporter. Unlike the SDK's batch processor it loses nothing silently. */
export function createQueueProcessor(options: {
  readonly queue: SeverityQueue<Outgoing<ReadableLogRecord>>;
  readonly loop: ExportLoop;
  readonly onOverflow: () => void;
  readonly flushTimeoutMs: number;
}): LogRecordProcessor {
  const { queue, loop, onOverflow, flushTimeoutMs } = options;
  return {
    onEmit(record, context) {
      const rank = severityRank(record.severityNumber);
      const evicted = queue.push({ record, rank, settle: settleOf(context), refusedAt: undefined });
      if (evicted !== undefined) {
        evicted.settle('queue_full');
        onOverflow();
      }
      loop.kick();
    },
    async forceFlush() {
      await loop.flush(flushTimeoutMs);
    },
    async shutdown() {
      loop.close();
    },
  };
}
