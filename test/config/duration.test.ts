import { expect, test } from 'vitest';
import { parseDuration } from '../../src/config/duration.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1.5m', 90_000],
  ['24h', 86_400_000],
  ['0s', 0],
  ['5', undefined],
  ['', undefined],
  ['5 m', undefined],
  ['-5m', undefined],
  ['5d', undefined],
  ['1m30s', undefined],
  ['1e3s', undefined],
  ['99999999999999h', undefined],
])('%j is %j ms', (text, ms) => expect(parseDuration(text)).toBe(ms));
