import { expect, it } from 'vitest';
import { expectConserved, type PrintedBooks, printedBooks } from '../../support/conservation.ts';

const GOOD = `telegen: records: attempted 10
telegen: events: 15 received, 14 handled, 1 filtered; 6 findings on 13 connections
telegen: alerts: 3 sent, 1 merged, 1 summaries, 1 loss reports, 0 notices, 7 held by limits, 2 suppressed (backup, nightly)
telegen: otlp: 5 accepted, 3 of an earlier run, 4 delivered, 2 lost (spool_full), 2 kept on disk
telegen: file: 4 accepted, 4 delivered, 1 not wanted there
`;

const books = (text: string): PrintedBooks => {
  const found = printedBooks(text);
  if (found === undefined) throw new Error('no books');
  return found;
};

it('the common check of the books takes those that are right', () => {
  expectConserved(books(GOOD));
  expect(printedBooks('telegen: ready\n')).toBeUndefined();
});

it.each([
  ['an event that is gone', '14 handled', '13 handled'],
  ['a finding that is gone', '1 merged', '0 merged'],
  ['an alert that a sink never got', '4 accepted, 4 delivered', '3 accepted, 3 delivered'],
  ['an alert that is neither delivered nor lost', '2 kept on disk', '1 kept on disk'],
  ['one suppressed that is not counted', '2 suppressed', '1 suppressed'],
])('and finds %s', (_what, right, wrong) => {
  expect(GOOD).toContain(right);
  expect(() => expectConserved(books(GOOD.replace(right, wrong)))).toThrow();
});
