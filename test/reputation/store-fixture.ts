import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { parseIp } from '../../src/net/ip.ts';
import {
  type BlocklistOptions,
  type BlocklistStore,
  openBlocklists,
} from '../../src/reputation/blocklist-store.ts';

/** A folder of its own and a store for each test of the file that imports this. */
export let folder: string;
export let file: string;
export let store: BlocklistStore | undefined;
export let messages: string[];

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'telegen-lists-'));
  file = join(folder, 'bad.txt');
  messages = [];
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  fs.rmSync(folder, { recursive: true, force: true });
});

export async function openStore(
  paths: string[],
  options: Partial<BlocklistOptions> = {},
): Promise<BlocklistStore> {
  const onReport = (report: { message: string }) => messages.push(report.message);
  store = await openBlocklists({ paths, onReport, settleMs: 10, removalGraceMs: 60, ...options });
  return store;
}

/** The most specific entry of each list. */
export const listed = (text: string) =>
  store!.lookup
    .lookup(parseIp(text)!, { timeMs: 0, direction: 'outbound' })
    .filter(({ list }, i, all) => all[i - 1]?.list !== list)
    .map(({ list, entry }) => `${list}:${entry}`);
export const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
export const said = (text: string | RegExp) => expect(messages).toContainEqual(expect.stringMatching(text));
export const entries = () => store!.lists().map(({ name, entries: count }) => `${name}=${count}`);
/** The way of careful editors and package managers. */
export const replace = (path: string, text: string) => {
  fs.writeFileSync(`${path}.new`, text);
  fs.renameSync(`${path}.new`, path);
};
