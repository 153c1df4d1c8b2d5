import { expect } from 'vitest';
import type { SinkCounters } from '../../src/model/sink.ts';
import type { ReceivedRecord } from './otlp-receiver.ts';

/** The books that `telegen run` prints at its end, as numbers by the words behind them. */
export interface PrintedBooks {
  readonly events: Readonly<Record<string, number>>;
  readonly alerts: Readonly<Record<string, number>>;
  /** By name of the sink. */
  readonly sinks: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** `3 sent, 2 suppressed (backup)` -> {sent: 3, 'suppressed (backup)': 2}. */
function amounts(text: string): Record<string, number> {
  return Object.fromEntries(
    [...text.matchAll(/(\d+) ([^,;]+)/g)].map(([, count, what]) => [what?.trim() ?? '', Number(count)]),
  );
}

const sumOf = (amountsByName: Readonly<Record<string, number>>, names: RegExp): number =>
  Object.entries(amountsByName).reduce((sum, [name, count]) => (names.test(name) ? sum + count : sum), 0);

/** Reads the books out of what was said on stderr; undefined when the program did not come to its end. */
export function printedBooks(stderr: string): PrintedBooks | undefined {
  const lines = stderr.split('\n').map((line) => line.replace(/^telegen: /, ''));
  const events = lines.findLast((line) => line.startsWith('events: '));
  const alerts = lines.findLast((line) => line.startsWith('alerts: '));
  if (events === undefined || alerts === undefined) return undefined;
  const sinks = lines.flatMap((line) => {
    const [, name, text] = /^(\w+): (\d+ accepted.*)$/.exec(line) ?? [];
    return name === undefined || text === undefined ? [] : [[name, amounts(text)] as const];
  });
  return { events: amounts(events), alerts: amounts(alerts), sinks: Object.fromEntries(sinks) };
}

/**
 * What must hold at the end of every run: events in are handled or filtered; alerts are sent, merged, held or suppressed; what was
 * sent is at each sink delivered, on disk, lost for a reason that is told, or was not wanted there.
 */
export function expectConserved({ events, alerts, sinks }: PrintedBooks): void {
  const candidates = sumOf(events, /^findings on (\d+) connections$/);
  const combined = Number(/on (\d+) connections/.exec(Object.keys(events).join())?.[1] ?? candidates);
  expect(events.handled! + events.filtered!).toBe(events.received);
  expect(sumOf(alerts, /^(sent|merged|held by limits|suppressed .*)$/)).toBe(combined);
  const leaving = sumOf(alerts, /^(sent|summaries|loss reports|notices)$/);
  for (const [name, sink] of Object.entries(sinks)) {
    const ends = sumOf(sink, /^(delivered|kept on disk|left behind|lost \(.*\))$/);
    expect([name, ends]).toEqual([name, sumOf(sink, /^(accepted|of an earlier run)$/)]);
    expect([name, sumOf(sink, /^(accepted|not wanted there)$/)]).toEqual([name, leaving]);
  }
}

/** What came in is delivered, waits, or is lost for a reason that is told: exactly. */
export function expectBalanced(counters: SinkCounters): void {
  const { accepted, restored = 0, delivered, pending, spooled = 0, lost } = counters;
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  expect(accepted + restored, JSON.stringify(counters)).toBe(delivered + pending + spooled + losses);
}

/**
 * The receiver's own count agrees with the books: of the alerts taken it has all but those that the books call lost, each with the
 * one body that it had, however often it came.
 */
export function expectAllReceived(
  counters: SinkCounters,
  records: readonly Pick<ReceivedRecord, 'attributes' | 'body'>[],
  taken: readonly string[],
): void {
  expectBalanced(counters);
  const received = new Map<string, Set<unknown>>();
  for (const { attributes, body } of records) {
    const uid = attributes['log.record.uid'] as string;
    received.set(uid, (received.get(uid) ?? new Set()).add(body));
  }
  const missing = taken.filter((uid) => !received.has(uid));
  const lost = Object.values(counters.lost).reduce((sum, count) => sum + count, 0);
  // Of a partial success nobody knows which ones were refused: the receiver has seen them all.
  expect(missing.length).toBeLessThanOrEqual(lost);
  expect([...received.values()].filter((bodies) => bodies.size > 1)).toEqual([]);
}
