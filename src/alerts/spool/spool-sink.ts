import type { Alert } from '../../model/finding.ts';
import { SEVERITIES } from '../../model/finding.ts';
import type { AlertSink, DiskUse, Settle, SinkCounters } from '../../model/sink.ts';
import { createSpoolBooks, type SpoolBooks } from './books.ts';
import { createHandOut, type HandOut, type Outgoing } from './hand-out.ts';
import { createPendingQueue, type PendingQueue } from './pending.ts';
import { encodePayload, MAX_PAYLOAD_BYTES } from './record.ts';
import type { SpoolReporter } from './reporter.ts';
import { createSetAside, type SetAside } from './set-aside.ts';
import { type Leftovers, Store } from './store.ts';
import { createSpoolWriter, type SpoolWriter } from './writer.ts';

export interface SpoolOptions {
  /** Exists, is private, and is used by nobody else (see openSpoolDirectory). */
  readonly directory: string;
  /** The destination. */
  readonly sink: AlertSink;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Alerts that come within this time share one sync to disk. */
  readonly syncIntervalMs: number;
  readonly reporter: SpoolReporter;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly limits?: Partial<SpoolLimits>;
}

export interface SpoolLimits {
  /** In memory while the disk is busy or cannot be written. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  /** Handed to the destination and not settled; its own queue must be longer. */
  readonly maxUnderWay: number;
}

const LIMITS: SpoolLimits = { maxPending: 10_000, maxPendingBytes: 67_108_864, maxUnderWay: 2_048 };
/** Age, retries after trouble, files that can go. */
const TICK_MS = 1_000;
/** How stale the cursor on disk may be: what was delivered within is repeated after a crash, with the same uid. */
const CURSOR_MS = 50;
const FLUSH_POLL_MS = 5;
/** Room for alerts whose settling others wait for: one that the destination dislikes may be tried last. */
const WINDOW_FACTOR = 8;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Puts a spool in front of a destination: an alert is on disk before it counts as taken, and leaves the disk when the
 * destination has accepted it. Reads what an earlier run left. Throws the file system's error.
 */
export async function openSpool(
  options: SpoolOptions,
): Promise<AlertSink & { readonly leftovers: Leftovers }> {
  const books = createSpoolBooks();
  const store = new Store(options, {
    onLost: (reason, count) => books.lose('disk', reason, count),
    onUnbacked: (count) => books.toMemory(count),
  });
  const leftovers = await store.open();
  books.restore(leftovers.waiting, leftovers.destroyed);
  return new Spool(options, { store, books, leftovers });
}

interface Parts {
  readonly store: Store;
  readonly books: SpoolBooks;
  readonly leftovers: Leftovers;
}

class Spool implements AlertSink {
  readonly name: string;
  readonly leftovers: Leftovers;
  readonly #sink: AlertSink;
  readonly #store: Store;
  readonly #books: SpoolBooks;
  readonly #limits: SpoolLimits;
  readonly #syncIntervalMs: number;
  readonly #now: () => number;
  readonly #pending: PendingQueue;
  readonly #setAside: SetAside;
  readonly #handOut: HandOut;
  readonly #writer: SpoolWriter;
  readonly #reporter: SpoolReporter;
  readonly #ticker: NodeJS.Timeout;
  #nextSeq: number;
  #timer: NodeJS.Timeout | undefined;
  #cursorTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;
  #again = false;
  #syncDue = false;
  #closed = false;

  constructor(options: SpoolOptions, { store, books, leftovers }: Parts) {
    this.name = options.sink.name;
    this.leftovers = leftovers;
    this.#sink = options.sink;
    this.#store = store;
    this.#books = books;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#syncIntervalMs = options.syncIntervalMs;
    this.#now = options.now ?? Date.now;
    this.#reporter = options.reporter;
    this.#nextSeq = leftovers.lastSeq + 1;
    const { maxPending, maxPendingBytes, maxUnderWay } = this.#limits;
    this.#pending = createPendingQueue({ maxAlerts: maxPending, maxBytes: maxPendingBytes });
    this.#setAside = createSetAside(`${options.directory}/rejected.jsonl`);
    this.#handOut = createHandOut({
      sink: options.sink,
      maxUnderWay,
      onDone: (alert, outcome) => this.#done(alert, outcome),
      onRoom: () => this.#wake(),
      now: () => performance.now(),
    });
    this.#writer = createSpoolWriter({
      store,
      books,
      pending: this.#pending,
      directory: options.directory,
      maxBytes: options.maxBytes,
      reporter: options.reporter,
    });
    this.#ticker = setInterval(() => this.#sync(), TICK_MS).unref();
    this.#wake();
  }

  get counters(): SinkCounters {
    return this.#books.counters;
  }

  get disk(): DiskUse {
    const { bytes, oldestMs } = this.#store;
    return { bytes, ...(oldestMs === undefined ? {} : { oldestMs }) };
  }

  send(alert: Alert, settled: Settle = () => {}): void {
    this.#books.accept();
    const payload = encodePayload(alert);
    const refusal = this.#closed
      ? 'sink_closed'
      : payload.length > MAX_PAYLOAD_BYTES
        ? 'too_large'
        : undefined;
    if (refusal !== undefined) {
      this.#books.lose('memory', refusal);
      settled(refusal);
      return;
    }
    const rank = SEVERITIES.indexOf(alert.severity);
    const seq = this.#nextSeq++;
    for (const evicted of this.#pending.push({
      seq,
      takenMs: this.#now(),
      alert,
      payload,
      rank,
      settle: settled,
    })) {
      this.#books.lose('memory', 'queue_full');
      this.#reporter.problem('overflow', `the disk is too slow for alerts to ${this.name}: alerts are lost`);
      evicted.settle('queue_full');
    }
    this.#timer ??= setTimeout(() => this.#sync(), this.#syncIntervalMs);
  }

  #done(alert: Outgoing, outcome: 'delivered' | 'rejected'): void {
    const onDisk = 'segment' in alert;
    const place = onDisk && !alert.segment.gone ? 'disk' : 'memory';
    if (outcome === 'delivered') this.#books.deliver(place);
    else {
      this.#books.lose(place, 'rejected');
      this.#setAside.add(alert.alert);
    }
    if (!onDisk) {
      alert.settle(outcome);
      return;
    }
    this.#store.settle(alert);
    this.#cursorTimer ??= setTimeout(() => this.#saveCursor(), CURSOR_MS).unref();
  }

  #saveCursor(): void {
    clearTimeout(this.#cursorTimer);
    this.#cursorTimer = undefined;
    try {
      this.#store.saveCursor();
    } catch (error) {
      this.#reporter.problem('cursor', `alerts delivered to ${this.name} may be repeated: ${String(error)}`);
    }
  }

  /** What is pending is due on disk. */
  #sync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#syncDue = true;
    this.#wake();
  }

  /** One round at a time; whoever asks meanwhile gets another. */
  #wake(): void {
    this.#again = true;
    if (this.#work !== undefined || this.#closed) return;
    this.#work = this.#rounds().finally(() => {
      this.#work = undefined;
      if (this.#again) this.#wake();
    });
  }

  async #rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#round();
    }
  }

  async #round(): Promise<void> {
    try {
      const nowMs = this.#now();
      await this.#write(nowMs);
      await this.#refill(nowMs);
      await this.#setAside.save();
      await this.#store.expire(nowMs);
      await this.#store.reclaim();
    } catch (error) {
      this.#reporter.problem('spool', `the spool of alerts to ${this.name}: ${String(error)}`);
    }
    this.#handOut.pump();
  }

  /**
   * Other rounds only pass alerts on: a sync for each would cost more than all the rest. While the disk is in trouble each
   * round asks (the writer knows when to try again), or memory would be handed out before the disk is ever tried.
   */
  async #write(nowMs: number): Promise<void> {
    if (!this.#syncDue && !this.#writer.isBroken) return;
    this.#syncDue = false;
    const room = this.#store.isRead ? this.#limits.maxUnderWay - this.#handOut.waiting : 0;
    this.#handOut.queue(await this.#writer.write({ nowMs, upToSeq: this.#nextSeq - 1, room }));
  }

  /** Alerts out of the files; and, while the disk cannot be written, out of memory. */
  async #refill(nowMs: number): Promise<void> {
    const { maxUnderWay } = this.#limits;
    const tooMany = this.#store.underWay > maxUnderWay * WINDOW_FACTOR;
    if (this.#handOut.waiting < maxUnderWay / 2 && !this.#store.isRead && !tooMany)
      this.#handOut.queue(await this.#store.readOn(maxUnderWay - this.#handOut.waiting, nowMs));
    if (!this.#writer.isBroken || !this.#store.isRead) return;
    while (this.#handOut.waiting + this.#handOut.underWay < maxUnderWay) {
      const alert = this.#pending.shift();
      if (alert === undefined) return;
      this.#handOut.queue([alert]);
    }
  }

  async flush(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const { counters } = this.#books;
    for (;;) {
      this.#sync();
      await this.#work;
      const leftMs = deadline - performance.now();
      if (counters.pending + counters.spooled === 0) return true;
      if (leftMs <= 0) return false;
      await Promise.race([this.#sink.flush(leftMs), pause(leftMs)]);
      await pause(FLUSH_POLL_MS);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#handOut.stop();
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    await this.#work;
    // What memory alone holds goes to disk first: that is what it is for.
    await this.#writer.write({ nowMs: this.#now(), upToSeq: this.#nextSeq - 1, room: 0, isLast: true });
    this.#saveCursor();
    await this.#sink.close();
    this.#giveUpMemory();
    this.#saveCursor();
    await this.#setAside.save();
    await this.#store.reclaim(true).catch(() => {});
    await this.#store.close().catch(() => {});
  }

  #giveUpMemory(): void {
    for (let alert = this.#pending.shift(); alert !== undefined; alert = this.#pending.shift()) {
      this.#books.lose('memory', 'shutdown');
      alert.settle('shutdown');
    }
    for (const alert of this.#handOut.drain()) {
      const onDisk = 'segment' in alert;
      if (onDisk && !alert.segment.gone) continue;
      this.#books.lose('memory', 'shutdown');
      if (!onDisk) alert.settle('shutdown');
    }
  }
}
