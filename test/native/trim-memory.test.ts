import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ADDON = fileURLToPath(new URL('../../src/capture/addon.ts', import.meta.url));

/** Frees all but each thousandth of many blocks, which lie between: malloc then keeps the freed ones. Prints resident bytes. */
const CHILD = `
  const { loadAddon } = await import(${JSON.stringify(ADDON)});
  const blocks = Array.from({ length: 4_000 }, () => Buffer.allocUnsafeSlow(50_000).fill(1));
  const kept = blocks.filter((_, i) => i % 1_000 === 999);
  blocks.length = 0;
  gc();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = process.memoryUsage().rss;
  const given = loadAddon().trimMemory();
  console.log(JSON.stringify([given, before, process.memoryUsage().rss, kept.length]));
`;

test('memory that was freed goes back to the system', () => {
  const args = ['--expose-gc', '--input-type=module', '--eval', CHILD];
  const [given, before, after, kept] = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8' }),
  ) as [boolean, number, number, number];
  expect([given, kept]).toEqual([true, 4]);
  expect(before - after).toBeGreaterThan(20_000_000);
});
