import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FORMAT_NAMES, type FormatName } from '../../../src/model/list-formats.ts';
import type { EntryFacts } from '../../../src/model/lookup.ts';
import { parseList } from '../../../src/reputation/parse-list.ts';
import type { ListNote } from '../../../src/reputation/parsed-list.ts';
import { RESERVED_NETWORKS } from '../../../src/reputation/reserved.ts';
import { dump } from '../dump.ts';

interface Placed extends EntryFacts {
  readonly entry: string;
  readonly line?: number;
}

interface Expected {
  readonly file: string;
  readonly format: FormatName;
  /** `entry` by line, with whatever facts there are. */
  readonly entries: readonly Placed[];
  readonly duplicates?: number;
  /** `line: text` -> part of the reason */
  readonly invalid?: Readonly<Record<number, RegExp>>;
  readonly ignored?: Readonly<Record<number, RegExp>>;
  readonly declared?: number;
  readonly changed?: Readonly<Record<number, RegExp>>;
}

const day = (text: string) => Date.parse(text);
const qak = { category: 'QakBot' };

const FIXTURES: readonly Expected[] = [
  {
    file: 'plain.txt',
    format: 'domains',
    entries: [
      { entry: '198.51.100.50', line: 2 },
      { entry: '198.51.100.0/25', line: 5 },
      { entry: '203.0.113.5-203.0.113.9', line: 6 },
      { entry: '198.51.100.0/24', line: 7 },
      { entry: '203.0.113.77', line: 8 },
      { entry: '2001:db8:bad::/48', line: 9 },
      { entry: 'example.com', line: 15 },
    ],
    duplicates: 1,
    ignored: { 11: /reserved or own addresses/ },
    invalid: { 12: /would list every address/, 13: /not a host name/, 14: /not a host/, 16: /not a host/ },
    changed: { 7: /taken as 198\.51\.100\.0\/24/ },
  },
  {
    file: 'firehol.netset',
    format: 'netset',
    entries: ['198.51.100.0/24', '203.0.113.66'].map((entry, i) => ({
      entry,
      line: 22 + i,
      category: 'attacks',
      reference: 'https://lists.example.com/firehol_level1',
    })),
    ignored: { 18: /reserved/, 19: /reserved/, 20: /reserved/, 21: /reserved/ },
    declared: 7,
  },
  {
    file: 'names.domains',
    format: 'domains',
    entries: [
      { entry: 'evil.example.com', line: 4 },
      { entry: 'wild.example.com', line: 5 },
      { entry: 'dotted.example.com', line: 6 },
      { entry: 'blocked.example.com', line: 7 },
      { entry: 'xn--bcher-kva.example', line: 9 },
      { entry: '_service.example.net', line: 11 },
      { entry: '198.51.100.9', line: 12 },
    ],
    duplicates: 2,
    invalid: {
      8: /not a host name/,
      13: /whole top-level domain/,
      14: /not a host name/,
      15: /not a host name/,
      16: /not a host name/,
      18: /not a host name/,
    },
  },
  {
    file: 'block.hosts',
    format: 'hosts',
    entries: [
      { entry: 'ads.example.com', line: 9 },
      { entry: 'tracker.example.com', line: 10 },
      { entry: 'www.tracker.example.com', line: 10 },
      { entry: 'malware.example.net', line: 11 },
    ],
    ignored: {
      2: /names this machine/,
      3: /names this machine/,
      4: /names this machine/,
      5: /names this machine/,
      6: /names this machine/,
      7: /names this machine/,
      8: /names this machine/,
      12: /a real mapping to 192\.0\.2\.80/,
    },
    invalid: { 13: /without host names/, 14: /not an address followed by host names/ },
  },
  {
    file: 'ipsum.txt',
    format: 'ipsum',
    entries: [
      { entry: '198.51.100.1', line: 4, confidence: 100 },
      { entry: '198.51.100.2', line: 11, confidence: 50 },
      { entry: '203.0.113.5', line: 6, confidence: 10 },
      { entry: '2001:db8::7', line: 9, confidence: 20 },
    ],
    duplicates: 1,
    ignored: { 10: /reserved/ },
    invalid: { 7: /number of lists from 1/, 8: /number of lists from 1/ },
  },
  {
    file: 'drop.txt',
    format: 'spamhaus-drop',
    entries: [
      { entry: '198.51.100.0/24', line: 4, reference: 'SBL100001' },
      { entry: '203.0.113.0/25', line: 5, reference: 'SBL100002' },
      { entry: '2001:db8:bad::/48', line: 6, reference: 'SBL100003' },
    ],
    ignored: { 7: /AS numbers/ },
    invalid: { 8: /prefix length/ },
  },
  {
    file: 'drop.json',
    format: 'spamhaus-json',
    entries: [
      { entry: '198.51.100.0/24', line: 1, reference: 'SBL100001' },
      { entry: '2001:db8:bad::/48', line: 2, reference: 'SBL100002' },
    ],
    ignored: { 3: /AS numbers/ },
    invalid: { 4: /not JSON/, 5: /no "cidr"/ },
    declared: 7,
  },
  {
    file: 'feodo.csv',
    format: 'csv',
    entries: [
      { entry: '198.51.100.50', line: 7, ...qak, port: 443, firstSeenMs: day('2024-01-10T08:00:01Z') },
      { entry: '198.51.100.50', line: 9, ...qak, port: 8443, firstSeenMs: day('2024-01-10T08:00:02Z') },
      {
        entry: '203.0.113.9',
        line: 8,
        category: 'Emotet',
        port: 8080,
        firstSeenMs: day('2022-06-04T21:25:22Z'),
        expiresMs: day('2022-07-31'),
      },
    ],
    invalid: { 10: /the port is not a number/, 11: /quotes that do not match/ },
  },
  {
    file: 'threatfox.csv',
    format: 'csv',
    entries: [
      {
        entry: '198.51.100.60',
        line: 6,
        category: 'Alpha, the "first"',
        confidence: 75,
        port: 4443,
        firstSeenMs: day('2024-01-15T10:00:00Z'),
        reference: 'https://example.com/a',
      },
      {
        entry: '203.0.113.70',
        line: 10,
        category: 'Delta',
        confidence: 90,
        port: 8081,
        firstSeenMs: day('2024-01-15T10:00:04Z'),
      },
      {
        entry: '2001:db8::60',
        line: 7,
        category: 'Beta',
        confidence: 100,
        port: 8080,
        firstSeenMs: day('2024-01-15T10:00:01Z'),
      },
      {
        entry: 'c2.example.com',
        line: 8,
        category: 'Gamma',
        confidence: 50,
        firstSeenMs: day('2024-01-15T10:00:02Z'),
      },
    ],
    ignored: { 9: /URLs of named hosts/, 11: /md5_hash is not matched/ },
    invalid: { 12: /the port is not a number/ },
  },
  {
    file: 'sslbl.csv',
    format: 'csv',
    entries: [
      { entry: '198.51.100.80', line: 5, port: 443, firstSeenMs: day('2024-01-14T12:00:00Z') },
      { entry: '198.51.100.81', line: 6, firstSeenMs: day('2024-01-14T12:00:01Z') },
    ],
    invalid: { 7: /no indicator/ },
  },
  {
    file: 'reputation.list',
    format: 'iprep',
    entries: [
      { entry: '198.51.100.10', line: 2, category: 'BadHosts', confidence: 100 },
      { entry: '198.51.100.10', line: 3, category: 'CnC', confidence: 50 },
      { entry: '203.0.113.0/24', line: 5, category: 'category 3', confidence: 8 },
      { entry: '2001:db8::/64', line: 6, category: 'BadHosts', confidence: 79 },
    ],
    duplicates: 1,
    invalid: { 7: /the score/, 8: /category of 1 to 60/, 9: /the score/ },
  },
  {
    file: 'categories.txt',
    format: 'iprep-categories',
    entries: [],
    ignored: { 1: /names a category/, 2: /names a category/ },
  },
  {
    file: 'zeek.intel',
    format: 'zeek-intel',
    entries: [
      {
        entry: '198.51.100.20',
        line: 2,
        category: 'Beacon',
        direction: 'outbound',
        reference: 'https://example.com/1',
      },
      { entry: '198.51.100.20', line: 3, category: 'Other', reference: 'source2' },
      { entry: '203.0.113.0/25', line: 4, direction: 'inbound', reference: 'source1' },
      { entry: 'evil.example.com', line: 5, category: 'Phishing', reference: 'source1' },
    ],
    ignored: { 6: /Intel::URL is not matched/, 7: /meta\.remove/, 8: /meta\.remove/, 9: /meta\.whitelist/ },
    invalid: { 10: /no indicator/ },
  },
  {
    file: 'bundle.json',
    format: 'stix',
    entries: [
      {
        entry: '198.51.100.30',
        line: 9,
        category: 'malicious-activity',
        confidence: 85,
        firstSeenMs: day('2024-01-01'),
        expiresMs: day('2024-02-01'),
        reference: 'https://example.com/stix',
      },
      ...[
        ['198.51.100.31', 20, 'indicator--2'],
        ['198.51.100.32', 34, 'indicator--4'],
        ['198.51.100.33', 34, 'indicator--4'],
        ['203.0.113.0/24', 27, 'indicator--3'],
        ['2001:db8::31', 20, 'indicator--2'],
        ['stix.example.com', 20, 'indicator--2'],
      ].map(([entry, line, reference]) => ({
        entry: String(entry),
        line: Number(line),
        reference: String(reference),
        firstSeenMs: day('2024-01-01'),
      })),
    ],
    ignored: {
      41: /only OR joins/,
      48: /file:hashes\.'SHA-256' is not matched/,
      55: /type sigma/,
      62: /revoked/,
      70: /operator !=/,
    },
    invalid: { 75: /without a pattern/ },
  },
  {
    file: 'event.json',
    format: 'misp',
    entries: [
      { entry: '198.51.100.40', category: 'c2', direction: 'outbound' },
      { entry: '198.51.100.41', category: 'a campaign', direction: 'outbound', port: 8443 },
      {
        entry: '203.0.113.0/25',
        category: 'a campaign',
        direction: 'inbound',
        firstSeenMs: day('2024-01-01'),
      },
      { entry: 'misp.example.com', category: 'a campaign' },
      { entry: 'both.example.com', category: 'a campaign' },
    ],
  },
  {
    file: 'warninglist.json',
    format: 'misp-warninglist',
    entries: [
      { entry: '198.51.100.53', category: 'List of known resolvers' },
      { entry: '2001:db8::53', category: 'List of known resolvers' },
    ],
  },
];

const folder = fileURLToPath(new URL('../fixtures', import.meta.url));
const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8');

test.each(FIXTURES)('$file is read as $format', ({ file, format, entries, ...expected }) => {
  const parsed = parseList(read(file), {
    role: 'block',
    guard: RESERVED_NETWORKS,
    categories: read('categories.txt'),
  });
  expect(parsed.format).toBe(format);
  const found = dump(parsed);
  expect(found).toHaveLength(entries.length);
  if (entries.every((entry) => 'line' in entry))
    expect(found.toSorted(byPlace)).toEqual(entries.toSorted(byPlace));
  else for (const entry of entries) expect(found).toContainEqual(expect.objectContaining(entry));
  const { stats } = parsed;
  expect(stats.v4 + stats.v6 + stats.names + stats.duplicates + stats.invalid + stats.ignored).toBe(
    stats.lines,
  );
  expect(stats.duplicates).toBe(expected.duplicates ?? 0);
  if (expected.invalid) expectNotes(parsed.invalid, expected.invalid);
  if (expected.ignored) expectNotes(parsed.ignored, expected.ignored);
  if (expected.changed) expectNotes(parsed.changed, expected.changed);
  expect(parsed.declared).toBe(expected.declared);
});

function byPlace(a: Placed, b: Placed): number {
  const place = ({ line, entry }: Placed) => `${line} ${entry}`;
  return place(a) < place(b) ? -1 : 1;
}

function expectNotes(notes: readonly ListNote[], expected: Readonly<Record<number, RegExp>>): void {
  const lines = new Set(notes.map(({ line }) => line));
  expect([...lines]).toEqual(Object.keys(expected).map(Number));
  for (const { line, reason } of notes) expect(reason).toMatch(expected[line]!);
}

test('every format has a fixture', () => {
  const covered = new Set<FormatName>(FIXTURES.map(({ format }) => format));
  expect(FORMAT_NAMES.filter((format) => !covered.has(format))).toEqual(['plain']);
  expect(parseList(read('plain.txt'), { role: 'block', format: 'plain' }).format).toBe('plain');
});

test('a format that is named is believed', () => {
  const parsed = parseList('198.51.100.1,1,127\n', { role: 'block', format: 'plain' });
  expect(parsed.stats).toMatchObject({ v4: 0, invalid: 1 });
});

test('what the operator says of a list fills in what the list does not say', () => {
  const parsed = parseList('198.51.100.1\t3\n198.51.100.2\t9\n', {
    role: 'block',
    defaults: { category: 'scanner', confidence: 5, direction: 'inbound' },
    minConfidence: 50,
  });
  expect(dump(parsed)).toEqual([
    { entry: '198.51.100.2', line: 2, category: 'scanner', confidence: 90, direction: 'inbound' },
  ]);
  expect(parsed.ignored).toEqual([{ line: 1, text: '198.51.100.1', reason: 'confidence 30 is below 50' }]);
});
