import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KernelLists, ListSource } from '../../../src/capture/live/lists/kernel-lists.ts';
import { createListFeed, type ListFeed } from '../../../src/cli/run/kernel-lists.ts';

let versions: Record<ListSource, number>;
let written: ListSource[];
let warnings: string[];
let leftOut: number;
let failure: Error | undefined;
let feed: ListFeed;

// The kernel side itself is tested in test/capture/live/lists and by programs; here: what is written when.
const kernel = {
  *replace(source: ListSource) {
    yield;
    if (failure) throw failure;
    written.push(source);
  },
  figures: () => [{ source: 'lists', family: 4, ranges: 1, leftOut, capacity: 65_536, generation: 1 }],
} as unknown as KernelLists;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  versions = { lists: 1, scores: 0 };
  [written, warnings, leftOut, failure] = [[], [], 0, undefined];
  feed = createListFeed(
    {
      size: (family) => (family === 4 ? 100_000 : 3),
      versions: () => versions,
      *ranges() {
        yield;
        return () => [];
      },
    },
    { warn: (message) => warnings.push(message) },
  );
});
afterEach(() => {
  feed.close();
  vi.useRealTimers();
});

/** Lets time pass, and what is written then be written. */
async function pass(ms: number): Promise<ListSource[]> {
  written = [];
  vi.advanceTimersByTime(ms);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return written;
}

test('room for twice what there is, and never less than lists usually need', () => {
  expect(feed.capacity.lists).toEqual({ 4: 200_000, 6: 16_384 });
});

test('all is filled at once; then only what has news is written', async () => {
  feed.fill(kernel);
  expect(written).toEqual(['lists', 'scores']);
  feed.follow(kernel);
  expect(await pass(1_000)).toEqual([]);
  versions.scores = 1;
  expect(await pass(250)).toEqual(['scores']);
  // An allowlist may have changed: it exempts scores, too.
  versions.lists = 2;
  expect(await pass(250)).toEqual(['lists', 'scores']);
  expect(await pass(20_000)).toEqual([]);
  // They decay.
  expect(await pass(10_500)).toEqual(['scores']);
});

test('what finds no room is told once, and again when it had found room meanwhile', async () => {
  leftOut = 7;
  feed.fill(kernel);
  expect(warnings).toEqual([expect.stringContaining('room for 65536 IPv4 ranges of lists, 7 are left out')]);
  feed.follow(kernel);
  for (const [lists, out] of [
    [2, 9],
    [3, 0],
    [4, 5],
  ] as const) {
    [versions.lists, leftOut] = [lists, out];
    await pass(250);
  }
  expect(warnings).toHaveLength(2);
});

test('a failure is told once for each version, and does not end the following', async () => {
  feed.fill(kernel);
  feed.follow(kernel);
  failure = new Error('no memory');
  versions.lists = 2;
  await pass(250);
  await pass(1_000);
  expect(warnings).toEqual(['the kernel side keeps the lists that it has: Error: no memory']);
  failure = undefined;
  versions.lists = 3;
  expect(await pass(250)).toEqual(['lists', 'scores']);
});
