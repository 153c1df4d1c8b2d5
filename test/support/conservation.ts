import { expect } from 'vitest';

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
