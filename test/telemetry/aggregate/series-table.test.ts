import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clipped, labelText, OTHER } from '../../../src/telemetry/aggregate/label-values.ts';
import { closed, open } from '../../../src/telemetry/aggregate/metric.ts';
import { SeriesTable } from '../../../src/telemetry/aggregate/series-table.ts';

const LIMITS = { maxValues: 3, maxSeries: 10, idleMs: 1_000 };
const table = (limits: Partial<typeof LIMITS> = {}, isBusy = (_state: { n: number }) => false) =>
  new SeriesTable({
    labels: [open('peer'), closed('state'), open('port')],
    limits: { ...LIMITS, ...limits },
    create: () => ({ n: 0 }),
    isBusy,
  });
const texts = (of: ReturnType<typeof table>): string[] => {
  const found: string[] = [];
  of.each(({ text }) => found.push(text));
  return found;
};

test.each([
  [['a'], ['1'], 'a="1"'],
  [['a', 'b'], ['1', '2'], 'a="1",b="2"'],
  [['a', 'b'], ['', '2'], 'b="2"'],
  [['a'], ['say "hi"\\\n'], 'a="say \\"hi\\"\\\\\\n"'],
  [[], [], ''],
])('label text of %j %j', (names, values, text) => {
  expect(labelText(names, values)).toBe(text);
});

test('long values are cut, never in the middle of a character', () => {
  expect(clipped('x'.repeat(300))).toHaveLength(256);
  expect(clipped(`${'x'.repeat(255)}😀`)).toBe('x'.repeat(255));
});

test('the same values give the same series, whoever asks', () => {
  const peers = table();
  peers.at(['a', 'up', '80'], 0).state.n += 1;
  peers.at(['a', 'up', '80'], 0).state.n += 1;
  expect(peers.at(['a', 'up', '80'], 0).state.n).toBe(2);
  expect(peers.size).toBe(1);
});

test('asking with the same list again is no other question: what is gone is made anew, what is folded is counted', () => {
  const peers = table();
  const list = ['a', 'up', '80'];
  for (let i = 0; i < 3; i++) peers.at(list, i).state.n += 1;
  peers.expire(1_001);
  expect(peers.at(list, 1_001).state.n).toBe(3);
  peers.expire(2_001);
  expect(peers.size).toBe(0);
  expect(peers.at(list, 2_001).state.n).toBe(0);
  for (const peer of ['b', 'c']) peers.at([peer, 'up', '80'], 2_001);
  const folded = ['d', 'up', '80'];
  for (let i = 0; i < 3; i++) peers.at(folded, 2_001);
  expect(peers.folds.byLabel).toEqual([3, 0, 0]);
  expect(peers.at(list, 2_001).values).toEqual(list);
});

describe('caps', () => {
  test('a value without room becomes ~other, and each measurement is counted', () => {
    const peers = table();
    for (const peer of ['a', 'b', 'c', 'd', 'e', 'd']) peers.at([peer, 'up', '80'], 0).state.n += 1;
    expect(texts(peers).at(-1)).toBe(`peer="${OTHER}",state="up",port="80"`);
    expect(peers.at(['zzz', 'up', '80'], 0).state.n).toBe(3);
    expect(peers.folds).toEqual({ byLabel: [4, 0, 0], crowded: 0 });
  });

  test('a table without room folds every open label, and keeps the closed ones apart', () => {
    const peers = table({ maxSeries: 2 });
    for (const state of ['up', 'down'])
      for (const port of ['1', '2', '3']) peers.at(['a', state, port], 0).state.n += 1;
    expect(texts(peers)).toEqual([
      'peer="a",state="up",port="1"',
      'peer="a",state="up",port="2"',
      `peer="${OTHER}",state="up",port="${OTHER}"`,
      `peer="${OTHER}",state="down",port="${OTHER}"`,
    ]);
    expect(peers.folds.crowded).toBe(4);
  });

  test('nothing is lost, whatever comes: the sum over all series is the number of measurements', () => {
    const value = fc.string({ maxLength: 2 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.constantFrom('up', 'down'), value)), (measured) => {
        const peers = table({ maxSeries: 4 });
        for (const values of measured) peers.at(values, 0).state.n += 1;
        let sum = 0;
        peers.each(({ state }) => {
          sum += state.n;
        });
        expect(sum).toBe(measured.length);
        expect(peers.size).toBeLessThanOrEqual(4 + 2);
      }),
    );
  });
});

describe('idle series', () => {
  test('go, and make room for values that had none', () => {
    const peers = table();
    for (const peer of ['a', 'b', 'c']) peers.at([peer, 'up', ''], 0);
    peers.at(['a', 'up', ''], 900);
    peers.expire(1_000);
    expect(texts(peers)).toEqual(['peer="a",state="up"']);
    peers.at(['d', 'up', ''], 1_000);
    expect(texts(peers)).toContain('peer="d",state="up"');
  });

  test('stay while they are busy', () => {
    const peers = table({}, ({ n }) => n > 0);
    peers.at(['a', 'up', ''], 0).state.n = 1;
    peers.expire(1_000_000);
    expect(peers.size).toBe(1);
  });

  test('a value that another series still uses keeps its place', () => {
    const peers = table({ maxValues: 1 });
    peers.at(['a', 'up', ''], 0);
    peers.at(['a', 'down', ''], 500);
    peers.expire(1_000);
    peers.at(['b', 'up', ''], 1_000);
    expect(texts(peers)).toEqual(['peer="a",state="down"', `peer="${OTHER}",state="up"`]);
  });
});
