import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createEventPrinter, type EventPrinterOptions } from '../../../src/cli/run/event-printer.ts';
import type { EventKind, LossEvent } from '../../../src/model/event.ts';
import { connection } from '../../alerts/fixtures.ts';
import { eventually } from '../../support/eventually.ts';

const KINDS: readonly EventKind[] = ['connection', 'loss'];
const LINE_BYTES = 16 * 1024;

/** A reader that takes nothing until told to. */
function lazyReader() {
  const taken: string[] = [];
  let release: (() => void) | undefined;
  let open = false;
  const stream = new Writable({
    highWaterMark: LINE_BYTES,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      taken.push(chunk);
      if (open) done();
      else release = () => done();
    },
  });
  const wakeUp = (): void => {
    open = true;
    release?.();
  };
  return { stream, taken, wakeUp };
}

function build(options: Pick<EventPrinterOptions, 'stream'> & Partial<EventPrinterOptions>) {
  const warnings: string[] = [];
  const printer = createEventPrinter({
    kinds: KINDS,
    diagnostics: { warn: (text) => warnings.push(text) },
    ...options,
  });
  return { printer, warnings };
}

const loss = (count: number): LossEvent => ({ kind: 'loss', timeMs: 0, what: 'x', reason: 'y', count });

describe('the event printer', () => {
  it('prints the kinds that were asked for, one line each', async () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    const { printer, warnings } = build({ stream, kinds: ['connection'] });
    printer.print(connection());
    printer.print(loss(1));
    printer.print(connection({ phase: 'closed' }));
    await printer.flush(10_000);
    const lines = String(stream.read()).trimEnd().split('\n');
    const phases = lines.map(
      (line) => (JSON.parse(line) as { attributes: Record<string, unknown> }).attributes['telegen.phase'],
    );
    expect(phases).toEqual(['attempted', 'closed']);
    expect(printer.counters).toEqual({ offered: 2, printed: 2, lost: 0 });
    expect(warnings).toEqual([]);
  });

  it('waits for a slow reader, in order, and loses nothing within its capacity', async () => {
    const { stream, taken, wakeUp } = lazyReader();
    const { printer, warnings } = build({ stream });
    for (let i = 0; i < 1_000; i++) printer.print(loss(i));
    expect(stream.writableLength).toBeLessThan(2 * LINE_BYTES);
    wakeUp();
    await printer.flush(10_000);
    expect(taken).toHaveLength(1_000);
    expect(taken.every((line, index) => line.includes(`"telegen.count":${index}}`))).toBe(true);
    expect(printer.counters).toEqual({ offered: 1_000, printed: 1_000, lost: 0 });
    expect(warnings).toEqual([]);
  });

  it('counts what finds no room, and says so once', async () => {
    const { stream, taken, wakeUp } = lazyReader();
    const { printer, warnings } = build({ stream, capacity: 10 });
    for (let i = 0; i < 5_000; i++) printer.print(loss(i));
    expect(warnings).toEqual(['events are lost: whoever reads standard output is too slow']);
    wakeUp();
    await printer.flush(10_000);
    const { offered, printed, lost } = printer.counters;
    expect(offered).toBe(5_000);
    expect(printed).toBe(taken.length);
    expect(printed + lost).toBe(offered);
    expect(lost).toBeGreaterThan(0);
  });

  it('gives up a reader that never reads when the time is over, and counts', async () => {
    const { stream } = lazyReader();
    const { printer, warnings } = build({ stream });
    for (let i = 0; i < 500; i++) printer.print(loss(i));
    await printer.flush(1);
    expect(printer.counters).toEqual({ offered: 500, printed: 0, lost: 500 });
    expect(warnings).toHaveLength(1);
  });

  it('survives a reader that goes away', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('write EPIPE'));
      },
    });
    const { printer, warnings } = build({ stream });
    printer.print(loss(1));
    await eventually(() => warnings.length > 0, 'the warning');
    printer.print(loss(2));
    await printer.flush(10_000);
    expect(printer.counters).toEqual({ offered: 2, printed: 0, lost: 2 });
    expect(warnings).toEqual(['events are lost: standard output is gone (write EPIPE)']);
  });
});
