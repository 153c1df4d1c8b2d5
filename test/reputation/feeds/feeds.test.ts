import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FetchOutcome, Validators } from '../../../src/reputation/feeds/feed.ts';
import { type Feeds, openFeeds } from '../../../src/reputation/feeds/feeds.ts';
import type { BlocklistReport } from '../../../src/reputation/report.ts';
import { feed } from './feed-fixture.ts';

let folder: string;
let feeds: Feeds | undefined;
let reports: BlocklistReport[];
/** When it was asked, and with what. */
let asked: { readonly ms: number; readonly validators: Validators }[];
let answers: FetchOutcome[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  folder = mkdtempSync(join(tmpdir(), 'telegen-feeds-'));
  [reports, asked, answers] = [[], [], []];
});
afterEach(async () => {
  await feeds?.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const HOUR = 3_600_000;
const version = (text: string): FetchOutcome => ({
  kind: 'new',
  bytes: Buffer.from(text),
  validators: { etag: text },
});
const down: FetchOutcome = { kind: 'failed', reason: 'the server answered 503' };
const open = async (random = 0.5) => {
  const start = Date.now();
  feeds = await openFeeds({
    feeds: [feed()],
    folder,
    onReport: (report) => reports.push(report),
    random: () => random,
    fetch: async (_, validators) => {
      asked.push({ ms: Date.now() - start, validators });
      return answers.shift() ?? { kind: 'unchanged' };
    },
  });
};
async function pass(ms: number): Promise<void> {
  await feeds!.settled();
  await vi.advanceTimersByTimeAsync(ms);
  await feeds!.settled();
}
const list = () => readFileSync(join(folder, 'block', 'example.feed'), 'utf8');

test('is fetched at once, then at every interval, with what the server said the last time', async () => {
  answers = [version('one'), version('two')];
  await open();
  await pass(0);
  expect(list()).toBe('one');
  await pass(HOUR);
  expect(list()).toBe('two');
  await pass(HOUR);
  expect(list()).toBe('two');
  expect(asked).toEqual([
    { ms: 0, validators: {} },
    { ms: HOUR, validators: { etag: 'one' } },
    { ms: 2 * HOUR, validators: { etag: 'two' } },
  ]);
  expect(feeds!.status()).toMatchObject([{ fetched: 2, unchanged: 1, failed: 0, error: undefined }]);
  expect(reports).toEqual([]);
});

test.each([
  [0, 0.8],
  [1, 1.2],
])('waits differ from agent to agent (%i)', async (random, factor) => {
  answers = [version('one')];
  await open(random);
  await pass(0);
  await pass(HOUR * factor - 1);
  expect(asked).toHaveLength(1);
  await pass(1);
  expect(asked).toHaveLength(2);
});

test('a restart does not ask again for what is fresh, nor forget it', async () => {
  answers = [version('one')];
  await open();
  await pass(0);
  await feeds!.close();
  vi.setSystemTime(Date.now() + HOUR / 2);
  asked = [];
  await open();
  await pass(0);
  expect(asked).toEqual([]);
  await pass(HOUR / 2);
  expect(asked).toEqual([{ ms: HOUR / 2, validators: { etag: 'one' } }]);
});

test('failures are told once, tried again with growing waits, and forgotten afterwards', async () => {
  answers = [version('one'), down, down, down, down];
  await open();
  await pass(0);
  for (const wait of [HOUR, 30_000, 60_000, 120_000, 240_000]) await pass(wait);
  expect(asked.map(({ ms }) => ms - HOUR).slice(1)).toEqual([0, 30_000, 90_000, 210_000, 450_000]);
  expect(reports.map(({ message }) => message)).toEqual([
    'feed example: the server answered 503; the version at hand stays in use',
    'feed example: fetched again',
  ]);
  expect(list()).toBe('one');
});

test('a server that says when to ask again is not asked before', async () => {
  answers = [{ kind: 'failed', reason: 'busy', retryAfterMs: 7_200_000 }];
  await open();
  await pass(0);
  await pass(7_199_999);
  expect(asked).toHaveLength(1);
  await pass(1);
  expect(asked).toHaveLength(2);
});

test('a feed that has not been confirmed for three intervals is an alert, once', async () => {
  answers = [version('one'), ...Array<FetchOutcome>(40).fill(down)];
  await open();
  await pass(0);
  for (let hour = 0; hour < 6; hour++) for (let i = 0; i < 4; i++) await pass(HOUR / 4);
  const stale = reports.filter(({ health }) => health === 'stale');
  expect(stale).toHaveLength(1);
  expect(stale[0]?.message).toMatch(
    /^feed example: the feed is stale: the server last confirmed it 2023-11-14T/,
  );
});

test('files of feeds that are configured no more go, and another address is another feed', async () => {
  answers = [version('one')];
  await open();
  await pass(0);
  await feeds!.close();
  writeFileSync(join(folder, 'block', 'gone.feed'), 'x');
  const state = join(folder, 'block', 'example.state');
  writeFileSync(state, readFileSync(state, 'utf8').replace('list.txt', 'other.txt'));
  asked = [];
  await open();
  await pass(0);
  expect(readdirSync(join(folder, 'block')).toSorted()).toEqual(['example.feed', 'example.state']);
  expect(asked).toEqual([{ ms: 0, validators: {} }]);
});
