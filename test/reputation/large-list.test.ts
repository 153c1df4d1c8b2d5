import * as fs from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom, mixedList } from '../../bench/support/mixed-list.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { formatIp, ipFromWords, ipv4FromWord } from '../../src/net/ip.ts';
import { formatRange, parseNetwork, prefixRange } from '../../src/net/prefix.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { file, listed, openStore, replace, store, until } from './store-fixture.ts';

/** The slow truth: is one of the networks that the address lies in, of any length, on the list? */
function reference(text: string): (ip: IpAddress) => Set<string> {
  const entries = new Set<string>();
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };
  for (const line of text.trim().split('\n')) {
    const parsed = parseNetwork(line);
    if (!parsed.ok) throw new Error(parsed.reason);
    const [, bits] = formatRange(parsed.range).split('/');
    const { family } = parsed.range.first;
    lengths[family].add(Number(bits ?? (family === 4 ? 32 : 128)));
    entries.add(formatRange(parsed.range));
  }
  return (ip) => {
    const around = [...lengths[ip.family]].map((bits) => formatRange(prefixRange(ip, bits)));
    return new Set(around.filter((network) => entries.has(network)));
  };
}

test('1,000,000 mixed prefixes answer rightly for 1,000,000 addresses, all matching entries', () => {
  const text = mixedList(1_000_000);
  const parsed = parseList(text, { role: 'block' });
  const list = compileList(parsed, { name: 'large' });
  const truth = reference(text);
  const random = createRandom(3);
  const word = () => random(2 ** 32);
  let hits = 0;
  for (let i = 0; i < 1_000_000; i++) {
    const [v4, v6] = [random(parsed.v4.length), random(parsed.v6.length)];
    const near = i % 2 === 0;
    const base4 = parsed.v4.last[0]![v4]!;
    const base6 = parsed.v6.last.map((column) => column[v6]!);
    const ip =
      i % 4 < 2
        ? ipv4FromWord(near ? base4 + random(2) : word())
        : ipFromWords(
            near
              ? [...base6.slice(0, 3), base6[3]! + random(2)]
              : [0x2000_0000 + random(2 ** 28), word(), word(), word()],
          );
    const expected = truth(ip);
    const found = list.matches({ first: ip, last: ip }).map(({ entry }) => entry);
    if (found.length !== expected.size || found.some((entry) => !expected.has(entry)))
      throw new Error(`${formatIp(ip)}: found ${found.join()}, expected ${[...expected].join()}`);
    expect(list.has(ip)).toBe(expected.size > 0);
    if (expected.size > 0) hits++;
  }
  expect(hits).toBeGreaterThan(100_000);
}, 180_000);

test('reloads under traffic: at no moment a wrong verdict', async () => {
  const common = mixedList(20_000);
  const version = (n: number) => `${common}203.0.113.${n % 2}\n198.51.100.200\n`;
  fs.writeFileSync(file, version(0));
  await openStore([file], { pollMs: 2, watch: false, settleMs: 1, inlineBytes: 0 });
  let asked = 0;
  let stop = false;
  const traffic = (async () => {
    while (!stop) {
      // What is in every version is always listed; of the two that alternate, exactly one is; the rest never.
      const verdicts = ['198.51.100.200', '203.0.113.0', '203.0.113.1', '198.51.100.201'].map(
        (ip) => listed(ip).length,
      );
      const [always, even, odd, never] = verdicts;
      if (always !== 1 || even! + odd! !== 1 || never !== 0) throw new Error(`verdicts ${verdicts.join()}`);
      asked++;
      await turn();
    }
  })();
  for (let n = 1; n <= 20; n++) {
    replace(file, version(n));
    await until(() => expect(listed(`203.0.113.${n % 2}`)).toHaveLength(1));
  }
  stop = true;
  await traffic;
  expect(asked).toBeGreaterThan(20);
  expect(store!.generation()).toBe(21);
});
