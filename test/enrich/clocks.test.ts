import { expect, it } from 'vitest';
import {
  type ClockReading,
  epochToMonotonicNs,
  monotonicToEpochMs,
  ticksToMonotonicNs,
} from '../../src/enrich/clocks.ts';

const reading = (boottimeNs: number): ClockReading => ({
  epochMs: 1_700_000_000_000,
  monotonicNs: 500e9,
  boottimeNs,
});

it.each([
  ['a machine that never slept', 500e9, 40_000, 400e9],
  ['clocks read 10 ms apart', 500.01e9, 40_000, 400e9],
  ['a boot time read coarsely, hence behind', 499.99e9, 40_000, 400e9],
  ['a machine that slept 100 s', 600e9, 55_000, 450e9],
  ['a process from before the sleep', 600e9, 5_000, 0],
])('converts ticks: %s', (_title, boottimeNs, ticks, expected) => {
  expect(ticksToMonotonicNs(ticks, reading(boottimeNs))).toBe(expected);
});

it('converts to epoch and back', () => {
  expect(monotonicToEpochMs(499e9, reading(0))).toBe(1_699_999_999_000);
  expect(epochToMonotonicNs(1_700_000_001_500, reading(0))).toBe(501.5e9);
  expect(epochToMonotonicNs(monotonicToEpochMs(123e9, reading(0)), reading(0))).toBeCloseTo(123e9, -3);
});
