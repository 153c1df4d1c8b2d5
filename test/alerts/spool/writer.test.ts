import { describe, expect, it } from 'vitest';
import { createSpoolBooks } from '../../../src/alerts/spool/books.ts';
import { createPendingQueue } from '../../../src/alerts/spool/pending.ts';
import { encodePayload } from '../../../src/alerts/spool/record.ts';
import { createSpoolWriter } from '../../../src/alerts/spool/writer.ts';
import { alert } from '../fixtures.ts';

const ROUND = { nowMs: 0, upToSeq: Number.MAX_SAFE_INTEGER, room: 0, isLast: true };

/** A writer in front of a disk that takes so many more alerts, and then fails with this code. */
function writerTo(disk: { takes: number; code: string }, pendingCount: number) {
  const books = createSpoolBooks();
  const pending = createPendingQueue({ maxAlerts: 10_000, maxBytes: 100_000_000 });
  const state = { taken: [] as number[], attempts: [] as number[], settled: [] as number[] };
  const writer = createSpoolWriter({
    store: {
      makeRoom: async () => true,
      yieldTo: async () => false,
      async append(_rank, alerts) {
        state.attempts.push(alerts.length);
        if (alerts.length > disk.takes) throw Object.assign(new Error(disk.code), { code: disk.code });
        disk.takes -= alerts.length;
        state.taken.push(...alerts.map(({ seq }) => seq));
        return [];
      },
    },
    books,
    pending,
    directory: '/spool',
    maxBytes: 1_000_000_000,
    reporter: { problem: () => {}, recovered: () => {} },
  });
  for (let seq = 1; seq <= pendingCount; seq += 1) {
    const one = alert(`${seq}`, 'ERROR');
    books.accept();
    const settle = (): void => void state.settled.push(seq);
    pending.push({ seq, takenMs: 0, alert: one, payload: encodePayload(one), rank: 2, settle });
  }
  return { writer, books, state, disk };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a disk that takes a part', () => {
  it.each([
    ['nothing', 0, 'ENOSPC', 0],
    ['one', 1, 'ENOSPC', 1],
    ['some', 613, 'ENOSPC', 613],
    ['all but one', 999, 'ENOSPC', 999],
    ['all', 1_000, 'ENOSPC', 1_000],
    ['some within a quota', 613, 'EDQUOT', 613],
    ['none, as it is broken and not full', 613, 'EIO', 0],
  ])('%s', async (_, takes, code, expected) => {
    const { writer, books, state } = writerTo({ takes, code }, 1_000);
    await writer.write(ROUND);
    expect(state.taken).toEqual(upTo(expected));
    expect(state.settled).toEqual(state.taken);
    expect(books.counters).toMatchObject({ spooled: expected, pending: 1_000 - expected, lost: {} });
    expect(writer.isBroken).toBe(expected < 1_000);
  });

  it('is asked for one alert only when it is tried again, and for whole batches soon after there is room', async () => {
    const { writer, state, disk } = writerTo({ takes: 100, code: 'ENOSPC' }, 5_000);
    await writer.write(ROUND);
    state.attempts.length = 0;
    await writer.write(ROUND);
    expect(state.attempts).toEqual([1]);
    disk.takes = Number.POSITIVE_INFINITY;
    await writer.write(ROUND);
    expect(state.taken).toEqual(upTo(5_000));
    expect(state.attempts.length).toBeLessThan(20);
    expect(writer.isBroken).toBe(false);
  });
});
