import { expect, test } from 'vitest';
import { createTableLimits } from '../../../src/protocols/http2/table-limits.ts';

test('a limit counts from its acknowledgement; until then the larger one does', () => {
  const limits = createTableLimits();
  expect(limits.max).toBe(Number.POSITIVE_INFINITY);
  limits.begin();
  expect(limits.max).toBe(4096);
  limits.announced(65_536);
  expect(limits.max).toBe(65_536);
  limits.announced(undefined);
  limits.announced(100);
  limits.acknowledged();
  limits.acknowledged();
  expect(limits.max).toBe(65_536);
  limits.acknowledged();
  expect(limits.max).toBe(100);
  limits.acknowledged();
  expect(limits.max).toBe(100);
  limits.lose();
  limits.acknowledged();
  expect(limits.max).toBe(Number.POSITIVE_INFINITY);
});

test('settings that are never acknowledged are bounded', () => {
  const limits = createTableLimits();
  limits.begin();
  for (let i = 0; i < 1000; i++) limits.announced(i);
  expect(limits.max).toBe(Number.POSITIVE_INFINITY);
});
