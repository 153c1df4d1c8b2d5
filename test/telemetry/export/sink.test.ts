import { expect, it, vi } from 'vitest';
import { createBooks } from '../../../src/telemetry/export/sink.ts';

it('accounts for every alert exactly once', () => {
  const books = createBooks();
  const told = vi.fn();
  const settles = [books.open(told), books.open(undefined), books.open(undefined), books.open(undefined)];
  settles[0]!('delivered');
  settles[0]!('rejected');
  settles[1]!('queue_full');
  settles[2]!('queue_full');
  expect(books.counters).toEqual({ accepted: 4, delivered: 1, pending: 1, lost: { queue_full: 2 } });
  expect(told.mock.calls).toEqual([['delivered']]);
});
