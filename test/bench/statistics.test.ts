import { describe, expect, test } from 'vitest';
import { quantile, ratios, summarise, takePairs } from '../../bench/statistics.ts';

describe('quantile', () => {
  test.each([
    { samples: [5], share: 0.99, expected: 5 },
    { samples: [3, 1, 2], share: 0.5, expected: 2 },
    { samples: [4, 1, 3, 2], share: 0.5, expected: 2.5 },
    { samples: [10, 20], share: 0.25, expected: 12.5 },
    { samples: [1, 2, 3], share: 0, expected: 1 },
    { samples: [1, 2, 3], share: 1, expected: 3 },
    { samples: [10, 9, 100], share: 0.5, expected: 10 },
  ])('$share of $samples', ({ samples, share, expected }) => {
    expect(quantile(samples, share)).toBe(expected);
  });

  test('of nothing is not a number', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });

  test('leaves its input as it is', () => {
    const samples = [3, 1, 2];
    quantile(samples, 0.5);
    expect(samples).toEqual([3, 1, 2]);
  });
});

test('summarise gives median, quartiles and count', () => {
  expect(summarise([1, 2, 3, 4, 5])).toEqual({ value: 3, low: 2, high: 4, samples: 5 });
});

test('pairs alternate their order and keep each leg on its side', async () => {
  const order: boolean[] = [];
  const pairs = await takePairs(3, async (attached) => {
    order.push(attached);
    return { attached, turn: order.length };
  });
  expect(order).toEqual([false, true, true, false, false, true]);
  expect(pairs.every((pair) => pair.attached.attached && !pair.detached.attached)).toBe(true);
  expect(pairs.map((pair) => [pair.detached.turn, pair.attached.turn])).toEqual([
    [1, 2],
    [4, 3],
    [5, 6],
  ]);
});

test('ratios are attached over detached, pair by pair', () => {
  const pairs = [
    { attached: 3, detached: 2 },
    { attached: 1, detached: 4 },
  ];
  expect(ratios(pairs, (leg) => leg)).toEqual([1.5, 0.25]);
});
