import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BlocklistReport } from '../../src/reputation/report.ts';
import {
  entries,
  file,
  folder,
  listed,
  messages,
  openStore,
  replace,
  said,
  store,
  until,
} from './store-fixture.ts';

const FAST = { pollMs: 15, watch: false };
const SIX = Array.from({ length: 6 }, (_, i) => `198.51.100.${i}\n`).join('');

describe('a list that shrinks', () => {
  test('by more than half is held back and reported, and taken when it has grown again', async () => {
    fs.writeFileSync(file, SIX);
    await openStore([file], FAST);
    replace(file, '198.51.100.1\n198.51.100.2\n');
    await until(() => said(/held back: it shrank from 6 to 2 entries.*kept last good version/));
    expect(listed('198.51.100.5')).toHaveLength(1);
    replace(file, '203.0.113.1\n203.0.113.2\n203.0.113.3\n');
    await until(() => expect(listed('203.0.113.1')).toHaveLength(1));
    expect(store!.lists()[0]).not.toHaveProperty('error');
  });

  test('may do so when the operator says so', async () => {
    fs.writeFileSync(file, SIX);
    await openStore([file], { ...FAST, settings: { bad: { allowShrink: true } } });
    replace(file, '203.0.113.1\n');
    await until(() => expect(entries()).toEqual(['bad=1']));
    replace(file, '# nothing\n');
    await until(() => expect(entries()).toEqual(['bad=0']));
  });
});

describe('over a restart', () => {
  const state = () => join(folder, 'state');
  async function once(text: string): Promise<void> {
    fs.writeFileSync(file, text);
    await openStore([file], { ...FAST, stateFolder: state() });
    await store!.close();
    messages.length = 0;
  }

  test.each<[name: string, spoil: () => void, message: RegExp]>([
    ['shrunk', () => fs.writeFileSync(file, '203.0.113.1\n'), /held back: it shrank from 6 to 1/],
    ['became empty', () => fs.writeFileSync(file, ''), /became empty/],
    ['is no list', () => fs.writeFileSync(file, '<html>\n'), /1 of 1 lines are not addresses/],
    ['is gone', () => fs.unlinkSync(file), /the file is gone/],
  ])('the last good version is used when the file %s meanwhile', async (_, spoil, message) => {
    await once(SIX);
    spoil();
    await openStore([file], { ...FAST, stateFolder: state() });
    said(message);
    said(/using the last good version of an earlier run \(6 entries/);
    expect(listed('198.51.100.5')).toHaveLength(1);
    fs.writeFileSync(file, `${SIX}203.0.113.9\n`);
    await until(() => expect(listed('203.0.113.9')).toHaveLength(1));
  });

  test('without one, a missing file stays an error', async () => {
    await expect(openStore([file], { stateFolder: state() })).rejects.toThrow(/no such blocklist file/);
  });

  test('a version on disk that was cut is none', async () => {
    await once(SIX);
    const [kept] = fs.readdirSync(state());
    const path = join(state(), kept!);
    fs.truncateSync(path, fs.statSync(path).size - 1);
    fs.unlinkSync(file);
    await expect(openStore([file], { stateFolder: state() })).rejects.toThrow(/the file is gone/);
  });

  test('a folder that cannot be written is reported, and the list is used all the same', async () => {
    fs.writeFileSync(file, SIX);
    fs.writeFileSync(join(folder, 'blocker'), '');
    await openStore([file], { ...FAST, stateFolder: join(folder, 'blocker') });
    said(/its last good version cannot be kept for a restart/);
    expect(entries()).toEqual(['bad=6']);
  });
});

test('reserved and own ranges are ignored with a warning, unless allowed', async () => {
  const text = '10.0.0.0/8\n198.51.100.0/24\n127.0.0.1\n203.0.113.7\n192.0.2.1\n';
  fs.writeFileSync(file, text);
  fs.writeFileSync(join(folder, 'mine.txt'), text);
  await openStore([folder], {
    settings: { mine: { allowReserved: true } },
    ownNetworks: () => ['203.0.113.0/29'],
  });
  said(/bad\.txt:1: "10\.0\.0\.0\/8" ignored: reserved or own addresses.*\(and 2 more like it\)/);
  expect(entries()).toEqual(['bad=2', 'mine=5']);
  expect([listed('10.1.1.1'), listed('203.0.113.7')]).toEqual([['mine:10.0.0.0/8'], ['mine:203.0.113.7']]);
});

test('own networks that change while lists are in use are respected from the next look on', async () => {
  fs.writeFileSync(file, '203.0.113.7\n198.51.100.1\n');
  const own: string[] = [];
  await openStore([file], { ...FAST, ownNetworks: () => own });
  expect(listed('203.0.113.7')).toHaveLength(1);
  own.push('203.0.113.7');
  await until(() => expect(listed('203.0.113.7')).toEqual([]));
  expect(listed('198.51.100.1')).toHaveLength(1);
});

test('allowlists are lists, too: reloaded, kept when they go bad, of any format', async () => {
  const good = join(folder, 'good.json');
  const warninglist = (...list: string[]) =>
    JSON.stringify({ name: 'known', type: 'cidr', matching_attributes: [], list });
  fs.writeFileSync(file, '198.51.100.0/24\n');
  fs.writeFileSync(good, warninglist('198.51.100.7', '10.0.0.0/8'));
  await openStore([file], { ...FAST, allowPaths: [good] });
  expect(entries()).toEqual(['bad=1', 'good=2']);
  expect([listed('198.51.100.7'), listed('198.51.100.8')]).toEqual([[], ['bad:198.51.100.0/24']]);
  replace(good, warninglist('198.51.100.8', '10.0.0.0/8'));
  await until(() => expect(listed('198.51.100.8')).toEqual([]));
  expect(listed('198.51.100.7')).toHaveLength(1);
  replace(good, '{');
  await until(() => said(/good\.json.*kept last good version/));
  expect(listed('198.51.100.8')).toEqual([]);
  expect(Object.fromEntries(store!.hits())).toMatchObject({
    good: expect.any(Number),
    bad: expect.any(Number),
  });
});

test('a list that is not written any more is reported once as stale', async () => {
  fs.writeFileSync(file, SIX);
  let clock = Date.now();
  const reports: BlocklistReport[] = [];
  await openStore([file], {
    ...FAST,
    now: () => clock,
    settings: { bad: { staleAfterMs: 3_600_000 } },
    onReport: (report) => reports.push(report),
  });
  const stale = () => reports.filter(({ health }) => health === 'stale');
  expect(stale()).toEqual([]);
  clock += 3_700_000;
  await until(() => expect(stale()).toHaveLength(1));
  expect(stale()[0]?.message).toMatch(/bad\.txt: the list is stale: last written .*more than 1 h ago/);
  const original = store!.lists();
  await until(() => expect(store!.lists()).not.toBe(original));
  expect(stale()).toHaveLength(1);
  expect(entries()).toEqual(['bad=6']);
});
