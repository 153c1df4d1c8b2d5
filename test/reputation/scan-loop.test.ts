import { expect, test, vi } from 'vitest';
import { createScanLoop } from '../../src/reputation/scan-loop.ts';

const NEVER = 2 ** 30;
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

test('requests before the start are kept; those during a scan lead to one more scan', async () => {
  let scans = 0;
  let release = () => {};
  const scan = () => {
    scans++;
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  };
  const loop = createScanLoop({ scan, pollMs: NEVER, onError: () => {} });
  loop.soon(0);
  expect(scans).toBe(0);
  loop.start();
  expect(scans).toBe(1);
  loop.soon(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(scans).toBe(1);
  release();
  await until(() => expect(scans).toBe(2));
  loop.soon(1);
  const closed = loop.close();
  release();
  await closed;
  expect(scans).toBe(2);
});

test('an earlier request overtakes a later one', async () => {
  let scans = 0;
  const loop = createScanLoop({ scan: async () => void scans++, pollMs: NEVER, onError: () => {} });
  loop.start();
  loop.soon(NEVER);
  loop.soon(1);
  loop.soon(NEVER);
  await until(() => expect(scans).toBe(1));
  await loop.close();
});

test('polls, and goes on after errors', async () => {
  const errors: unknown[] = [];
  const scan = () => Promise.reject(new Error('no'));
  const loop = createScanLoop({ scan, pollMs: 2, onError: (error) => errors.push(error) });
  loop.start();
  await until(() => expect(errors.length).toBeGreaterThan(2));
  await loop.close();
});
