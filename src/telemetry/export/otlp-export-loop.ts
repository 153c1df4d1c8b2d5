import type { SettleEnd } from '../../model/sink.ts';
import { createIdleSignal } from './idle-signal.ts';
import { classifyFailure, type Failure } from './otlp-errors.ts';
import type { Reporter } from './rate-limited-report.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { SeverityQueue } from './severity-queue.ts';

/** One record on its way. */
export interface Outgoing<R> {
  readonly record: R;
  readonly rank: number;
  readonly settle: SettleEnd;
  /** How many had been delivered when the receiver first refused this one sent alone. */
  refusedAt: number | undefined;
}

/** What the receiver said of a batch it took: how many it did not, and why. */
export interface Acceptance {
  readonly rejected: number;
  readonly message: string;
}

export interface ExportLoopOptions<R> {
  readonly queue: SeverityQueue<Outgoing<R>>;
  /** One request. Rejects with the transport's error. */
  readonly exportBatch: (records: R[]) => Promise<Acceptance>;
  /** The connection is not to be trusted any more; the next request makes a new one. */
  readonly reconnect: () => void;
  readonly batchSize: number;
  readonly retry: RetryPolicy;
  readonly reporter: Reporter;
  /** For messages. */
  readonly endpoint: string;
  /** What one record is, for messages; default `alert`. */
  readonly noun?: string;
}

export interface ExportLoop {
  /** Something was queued: exports at the end of this turn of the event loop, unless an export is under way. */
  kick(): void;
  flush(timeoutMs: number): Promise<boolean>;
  /** Stops at once; everything not delivered settles as `shutdown`. */
  close(): void;
}

/** Longest delay between attempts while somebody waits in flush(). */
const FLUSH_RETRY_MS = 250;

/** Empties the queue, one request at a time. A record leaves the queue only when the receiver took or refused it. */
export function createExportLoop<R>(options: ExportLoopOptions<R>): ExportLoop {
  const { queue, exportBatch, reconnect, batchSize, retry, reporter, endpoint, noun = 'alert' } = options;
  const idle = createIdleSignal();
  let batchLimit = batchSize;
  let delivered = 0;
  let busy = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;

  function accept(batch: readonly Outgoing<R>[], { rejected, message }: Acceptance): void {
    queue.done();
    retry.afterSuccess();
    batchLimit = Math.min(batchSize, batchLimit * 2);
    // The receiver says how many it rejected, not which.
    const taken = batch.length - Math.min(batch.length, rejected);
    delivered += taken;
    for (const [i, item] of batch.entries()) item.settle(i < taken ? 'delivered' : 'rejected');
    if (rejected > 0) {
      reporter.problem('partial', `${endpoint} rejected ${rejected} of ${batch.length} ${noun}s: ${message}`);
    } else {
      reporter.recovered(() => `${noun}s reach ${endpoint} again; ${queue.size} still queued`);
    }
  }

  /** The receiver works, as others got through since: this record is at fault and would block the rest for ever. */
  function giveUpOn(item: Outgoing<R>): boolean {
    if (item.refusedAt !== undefined && delivered > item.refusedAt) return true;
    item.refusedAt ??= delivered;
    return false;
  }

  function disliked(batch: readonly Outgoing<R>[], message: string): void {
    batchLimit = Math.max(1, Math.ceil(batch.length / 2));
    const [only, ...others] = batch;
    if (only === undefined || others.length > 0) queue.retry();
    else if (!giveUpOn(only)) queue.rotate();
    else {
      queue.done();
      only.settle('rejected');
      reporter.problem(
        'rejected',
        `${endpoint} does not take ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}, which is lost: ${message}`,
      );
    }
  }

  function describe(failure: Failure): string {
    const waits = `${queue.size} ${noun}${queue.size === 1 ? '' : 's'} queued, retrying`;
    return `${noun}s cannot be sent to ${endpoint}: ${failure.message}; ${waits}`;
  }

  function recover(batch: readonly Outgoing<R>[], error: unknown): void {
    const failure = classifyFailure(error);
    reporter.problem(failure.kind, describe(failure));
    if (failure.kind === 'data') disliked(batch, failure.message);
    else {
      queue.retry();
      reconnect();
    }
    const ownMs = retry.afterFailure(failure.kind, batch.length === 1);
    const delayMs = Math.max(ownMs, failure.retryAfterMs ?? 0);
    const capMs = idle.awaited ? FLUSH_RETRY_MS : Number.POSITIVE_INFINITY;
    timer = setTimeout(wakeUp, Math.min(delayMs, capMs)).unref();
  }

  async function exportOne(): Promise<void> {
    busy = true;
    const batch = queue.take(batchLimit);
    let settle: () => void;
    try {
      const acceptance = await exportBatch(batch.map((item) => item.record));
      settle = () => accept(batch, acceptance);
    } catch (error) {
      settle = () => recover(batch, error);
    }
    busy = false;
    if (closed) return;
    settle();
    if (queue.size > 0) kick();
    else idle.wake();
  }

  function wakeUp(): void {
    timer = undefined;
    kick();
  }

  function kick(): void {
    if (busy || closed || timer !== undefined || soon !== undefined || queue.size === 0) return;
    soon = setImmediate(() => {
      soon = undefined;
      if (!closed && !busy && queue.size > 0) void exportOne();
    });
  }

  return {
    kick,
    async flush(timeoutMs) {
      if (queue.size > 0 && !closed) {
        const done = idle.wait(timeoutMs);
        clearTimeout(timer);
        wakeUp();
        await done;
      }
      return queue.size === 0;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      clearImmediate(soon);
      for (const item of queue.drain()) item.settle('shutdown');
      idle.wake();
    },
  };
}
