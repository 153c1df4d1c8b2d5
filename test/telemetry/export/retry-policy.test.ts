import { describe, expect, it } from 'vitest';
import { createRetryPolicy } from '../../../src/telemetry/export/retry-policy.ts';

const timing = { baseDelayMs: 1000, maxDelayMs: 30_000 };

describe('retry policy', () => {
  it.each([
    ['longest', () => 1, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
    ['shortest', () => 0, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
  ])('doubles transient delays within 0.5 s and 30 s: %s', (_name, random, expected) => {
    const policy = createRetryPolicy(timing, random);
    expect(expected.map(() => policy.afterFailure('transient', false))).toEqual(expected);
  });

  it('begins anew after a success', () => {
    const policy = createRetryPolicy(timing, () => 1);
    for (let i = 0; i < 2000; i += 1) policy.afterFailure('transient', false);
    expect(policy.afterFailure('transient', false)).toBe(30_000);
    policy.afterSuccess();
    expect(policy.afterFailure('transient', false)).toBe(1000);
  });

  it('is slow at once when somebody has to change something', () => {
    expect(createRetryPolicy(timing, () => 1).afterFailure('refused', false)).toBe(30_000);
  });

  it('splits a disliked batch quickly, and backs off when a single record is refused', () => {
    const policy = createRetryPolicy(timing, () => 1);
    expect([false, false, true, true].map((alone) => policy.afterFailure('data', alone))).toEqual([
      100, 100, 1000, 2000,
    ]);
  });

  it('spreads by default', () => {
    const policy = createRetryPolicy(timing);
    const delays = Array.from({ length: 50 }, () => policy.afterFailure('refused', false));
    expect(new Set(delays).size).toBeGreaterThan(1);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(30_000);
  });
});
