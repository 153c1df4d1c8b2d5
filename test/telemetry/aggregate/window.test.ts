import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyTally, type Tally, Window } from '../../../src/telemetry/aggregate/topology/window.ts';

const LENGTH_MS = 30_000;
const STEP_MS = 1_000;
const tally = (what: Partial<Tally>): Tally => ({ ...emptyTally(), ...what });

test('what is older than the window goes, step by step', () => {
  const window = new Window(LENGTH_MS);
  window.add(0, tally({ requests: 1 }));
  window.add(10_000, tally({ requests: 2, bytes: 5 }));
  expect(window.total(29_999).requests).toBe(3);
  expect(window.total(30_000)).toMatchObject({ requests: 2, bytes: 5 });
  expect(window.isEmpty(39_999)).toBe(false);
  expect(window.isEmpty(40_000)).toBe(true);
  expect(window.total(40_000).requests).toBe(0);
});

test('an infinite window forgets nothing', () => {
  const window = new Window(Number.POSITIVE_INFINITY);
  window.add(0, tally({ errors: 1 }));
  window.add(1e12, tally({ errors: 1 }));
  expect(window.total(1e13).errors).toBe(2);
});

test('the total is the sum of what was added within the window, in whatever order it came', () => {
  const times = fc.array(fc.integer({ min: 100_000, max: 160_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, (added) => {
      const window = new Window(LENGTH_MS);
      for (const time of added) window.add(time, tally({ requests: 1 }));
      const nowMs = Math.max(160_000, ...added);
      const first = Math.floor(nowMs / STEP_MS) - 30;
      const expected = added.filter((time) => Math.floor(time / STEP_MS) > first).length;
      expect(window.total(nowMs).requests).toBe(expected);
    }),
  );
});
