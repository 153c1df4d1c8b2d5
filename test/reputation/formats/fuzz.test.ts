import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FORMAT_NAMES } from '../../../src/model/list-formats.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { compileList } from '../../../src/reputation/compiled-list.ts';
import { KEPT_NOTES } from '../../../src/reputation/list-builder.ts';
import { parseList } from '../../../src/reputation/parse-list.ts';
import { RESERVED_NETWORKS } from '../../../src/reputation/reserved.ts';

const folder = fileURLToPath(new URL('../fixtures', import.meta.url));
const FIXTURES = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'utf8'));
/** What is cut out of a fixture is put together again in another order, with odd pieces between. */
const ODD = [
  '"',
  ',',
  '\t',
  '\n',
  '\r',
  '{',
  '}',
  '[',
  "'",
  '\\',
  '#',
  '\0',
  '\ud800',
  '::',
  '/',
  '-',
  '|',
  '0',
  '9'.repeat(40),
];

const mutated = fc
  .tuple(
    fc.constantFrom(...FIXTURES),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 200 }), fc.constantFrom('', ...ODD)), { maxLength: 12 }),
  )
  .map(([text, cuts]) =>
    cuts.reduce((whole, [at, length, odd]) => {
      const place = at % (whole.length + 1);
      return whole.slice(0, place) + odd + whole.slice(place + length);
    }, text),
  );
const nested = fc.nat({ max: 5000 }).map((depth) => '['.repeat(depth) + '{"Event":'.repeat(depth % 100));
const anyText = fc.oneof({ weight: 6, arbitrary: mutated }, fc.string({ unit: 'binary' }), nested);
const options = fc.record({
  format: fc.option(fc.constantFrom(...FORMAT_NAMES), { nil: undefined, freq: 3 }),
  role: fc.constantFrom('block' as const, 'allow' as const),
});

test('any text in any format: no throw, and every item is an entry, a duplicate, invalid or ignored', () => {
  fc.assert(
    fc.property(anyText, options, (text, { format, role }) => {
      const parsed = parseList(text, { role, guard: RESERVED_NETWORKS, ...(format ? { format } : {}) });
      const { stats, invalid, ignored } = parsed;
      const { v4, v6, names, duplicates } = stats;
      expect(v4 + v6 + names + duplicates + stats.invalid + stats.ignored).toBe(stats.lines);
      expect(invalid).toHaveLength(Math.min(stats.invalid, KEPT_NOTES));
      expect(ignored).toHaveLength(Math.min(stats.ignored, KEPT_NOTES));
      for (const note of [...invalid, ...ignored]) expect(note.text).not.toMatch(/\p{C}/u);
      // Reserved addresses are in no list, whatever is done to it.
      const list = compileList(parsed, { name: 'fuzz' });
      for (const match of list.matches({ first: parseIp('10.0.0.0')!, last: parseIp('10.255.255.255')! }))
        expect(match.entry).not.toMatch(/^10\./);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['a quote that never ends', `"first_seen_utc","dst_ip","dst_port"\n"${'x,'.repeat(400_000)}`],
  ['doubled quotes', `ip,port\n"${'""'.repeat(400_000)}`],
  ['one endless line', '1'.repeat(2_000_000)],
  ['a million carriage returns', '\r'.repeat(1_000_000)],
  ['brackets', `{"type":"bundle","objects":${'['.repeat(500_000)}`],
  [
    'an endless pattern',
    JSON.stringify({
      type: 'bundle',
      objects: [{ type: 'indicator', id: 'i', pattern: `[ipv4-addr:value = '${"\\'".repeat(200_000)}` }],
    }),
  ],
  ['an endless label', `${'a'.repeat(1_000_000)}.example.com\n`],
  ['blanks', ' '.repeat(1_000_000)],
  ['dashes', '-'.repeat(500_000)],
  [
    'the same element a hundred thousand times',
    JSON.stringify({ list: Array(100_000).fill('198.51.100.1'), matching_attributes: [] }),
  ],
])('%s is read in reasonable time', (_, text) => {
  // In the wrong complexity these take minutes: the limit of the test is the assertion.
  for (const format of [undefined, ...FORMAT_NAMES])
    expect(() => parseList(text, { role: 'block', ...(format ? { format } : {}) })).not.toThrow();
});
