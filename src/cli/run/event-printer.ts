import type { Writable } from 'node:stream';
import type { EventKind, TelegenEvent } from '../../model/event.ts';
import type { Describe } from '../../net/event-attributes.ts';
import { eventToJson } from '../../telemetry/export/serialize.ts';
import type { Diagnostics } from './diagnostics.ts';

/** Lines that wait while the reader is slow: about 64 MB at the very most. */
const CAPACITY = 65_536;

export interface EventPrinterOptions {
  readonly kinds: readonly EventKind[];
  readonly stream: Writable;
  readonly diagnostics: Pick<Diagnostics, 'warn'>;
  readonly capacity?: number;
  /** Default: our names, nothing of headers and bodies. */
  readonly describe?: Describe;
}

/** After flush(): `offered === printed + lost`. */
export interface PrinterCounters {
  readonly offered: number;
  /** The reader's end of the pipe has them. */
  readonly printed: number;
  readonly lost: number;
}

export interface EventPrinter {
  readonly print: (event: TelegenEvent) => void;
  /** Waits for the reader to take what waits; what is left after the time, and what comes later, is lost. */
  flush(timeoutMs: number): Promise<void>;
  readonly counters: PrinterCounters;
}

/**
 * Events as JSON lines beside the alerts. Alerts go first: events are written only while the stream takes them, and
 * wait in a bounded queue. A slow reader costs events, which are counted, and never memory; one that is gone costs all.
 */
export function createEventPrinter(options: EventPrinterOptions): EventPrinter {
  const { stream, diagnostics, capacity = CAPACITY, describe } = options;
  const wanted = new Set(options.kinds);
  const counters = { offered: 0, printed: 0, lost: 0 };
  let waiting: string[] = [];
  let next = 0;
  let written = 0;
  let gone = false;
  let wake = (): void => undefined;

  const size = (): number => waiting.length - next;

  function lose(count: number, why: string): void {
    if (counters.lost === 0 && count > 0) diagnostics.warn(`events are lost: ${why}`);
    counters.lost += count;
  }

  function onWritten(error: Error | null | undefined): void {
    if (gone || error) return;
    written -= 1;
    counters.printed += 1;
    if (written === 0 && size() === 0) wake();
  }

  function pump(): void {
    while (next < waiting.length && !stream.writableNeedDrain && !gone) {
      written += 1;
      stream.write(waiting[next], onWritten);
      next += 1;
    }
    if (size() === 0) [waiting, next] = [[], 0];
  }

  /** Gives up what waits and what the stream has not passed on. */
  function discard(why: string): void {
    gone = true;
    lose(size() + written, why);
    [waiting, next, written] = [[], 0, 0];
    wake();
  }

  // The alert sink listens first, so its alerts are written before any event that waits.
  stream.on('drain', pump);
  stream.on('error', (error) => discard(`standard output is gone (${error.message})`));

  return {
    counters,
    print(event) {
      if (!wanted.has(event.kind)) return;
      counters.offered += 1;
      if (gone) return lose(1, 'standard output is gone');
      if (size() >= capacity) return lose(1, 'whoever reads standard output is too slow');
      waiting.push(`${eventToJson(event, describe)}\n`);
      pump();
    },
    async flush(timeoutMs) {
      const isIdle = (): boolean => size() + written === 0;
      if (!isIdle()) {
        await within(timeoutMs, (done) => {
          wake = done;
        });
      }
      discard('whoever reads standard output is too slow');
    },
  };
}

function within(timeoutMs: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
