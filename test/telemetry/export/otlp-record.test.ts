import { describe, expect, it } from 'vitest';
import { severityRank, toHrTime, toLogRecord } from '../../../src/telemetry/export/otlp-record.ts';
import { alert } from '../../alerts/fixtures.ts';

describe('toHrTime', () => {
  it.each([
    [0, [0, 0]],
    [1, [0, 1_000_000]],
    [1_700_000_000_123.456, [1_700_000_000, 123_456_000]],
    [1999.9999, [2, 0]],
    [-5, [0, 0]],
    [Number.NaN, [0, 0]],
    [Number.POSITIVE_INFINITY, [0, 0]],
  ])('%d ms', (ms, expected) => {
    expect(toHrTime(ms)).toEqual(expected);
  });
});

it('ranks severities in their order', () => {
  expect([undefined, 1, 9, 13, 17, 21, 24].map(severityRank)).toEqual([0, 0, 2, 3, 4, 5, 5]);
});

it('names the event after its type', () => {
  expect(toLogRecord(alert('1'), 5)).toMatchObject({
    eventName: 'telegen.detection.suspicious_connection',
    hrTimeObserved: [0, 5_000_000],
  });
  expect(toLogRecord(alert('1', 'INFO', { attributes: {} }), 0).eventName).toBe('telegen.detection');
});
