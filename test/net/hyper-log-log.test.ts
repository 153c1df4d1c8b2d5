import { expect, test } from 'vitest';
import { hashIp, mix32 } from '../../src/net/hash.ts';
import { createHyperLogLog } from '../../src/net/hyper-log-log.ts';
import { ip } from '../alerts/fixtures.ts';

test.each([1, 10, 100, 1_000, 10_000, 300_000])('%i different things are counted within a fifth', (count) => {
  const sketch = createHyperLogLog();
  for (let index = 0; index < count; index++)
    for (let again = 0; again < 3; again++) sketch.add(mix32(index));
  expect(Math.abs(sketch.estimate() - count)).toBeLessThanOrEqual(Math.max(0.5, count * 0.2));
});

test('two that are merged count what either has seen', () => {
  const [first, second] = [createHyperLogLog(), createHyperLogLog()];
  for (let index = 0; index < 100; index++) first.add(mix32(index));
  for (let index = 50; index < 150; index++) second.add(mix32(index));
  first.merge(second);
  expect(Math.round(first.estimate())).toBeGreaterThan(140);
  expect(Math.round(first.estimate())).toBeLessThan(160);
});

test('hashes of addresses differ by every bit, and by what is added', () => {
  const hashes = new Set<number>();
  for (let low = 0; low < 256; low++) {
    hashes.add(hashIp(ip(`192.0.2.${low}`)));
    hashes.add(hashIp(ip(`192.0.2.${low}`), 80));
    hashes.add(hashIp(ip(`2001:db8::${low.toString(16)}`)));
    hashes.add(hashIp(ip(`2001:db8:${low.toString(16)}::1`)));
  }
  // Of the 1,024 two are the same: 2001:db8::1 cannot be told from 2001:db8:0::1.
  expect(hashes.size).toBe(1_023);
});
