import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEPT_NOTES } from '../../../src/reputation/list-builder.ts';
import { parseList } from '../../../src/reputation/parse-list.ts';
import type { ParsedList } from '../../../src/reputation/parsed-list.ts';
import { dump } from '../dump.ts';

const parse = (text: string) => parseList(text, { role: 'block', format: 'plain' });

/** In the order of the lines. */
function entryTexts(parsed: ParsedList): string[] {
  return dump(parsed)
    .toSorted((a, b) => a.line - b.line)
    .map(({ entry }) => entry);
}

describe('good lines', () => {
  test.each<[name: string, text: string, entries: string[]]>([
    ['one address without final newline', '198.51.100.50', ['198.51.100.50']],
    [
      'CIDR and range',
      '198.51.100.0/25\n203.0.113.5-203.0.113.9\n',
      ['198.51.100.0/25', '203.0.113.5-203.0.113.9'],
    ],
    ['a range that is a network', '198.51.100.0-198.51.100.255', ['198.51.100.0/24']],
    ['IPv6, upper case', '2001:DB8:BAD::/48\n2001:DB8::A', ['2001:db8:bad::/48', '2001:db8::a']],
    ['IPv4-mapped', '::ffff:198.51.100.50\n::FFFF:203.0.113.0/120', ['198.51.100.50', '203.0.113.0/24']],
    ['comment lines', '# a\n; b\n// c\n  # d\n198.51.100.50', ['198.51.100.50']],
    [
      'trailing comments',
      '198.51.100.1 # a\n198.51.100.2;b\n198.51.100.3\t// c\n198.51.100.4#d',
      ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4'],
    ],
    ['blank lines and blanks', '\n  \n\t198.51.100.50  \n\n', ['198.51.100.50']],
    ['BOM and CRLF', '\ufeff198.51.100.1\r\n198.51.100.2\r\n', ['198.51.100.1', '198.51.100.2']],
    ['CR alone', '198.51.100.1\r198.51.100.2\r', ['198.51.100.1', '198.51.100.2']],
    ['BOM before a comment', '\ufeff# list\n198.51.100.1', ['198.51.100.1']],
    ['nothing', '', []],
    ['comments only', '# none\n', []],
  ])('%s', (_, text, entries) => {
    const parsed = parse(text);
    expect(entryTexts(parsed)).toEqual(entries);
    expect(parsed.stats).toMatchObject({ invalid: 0, duplicates: 0, changed: 0, lines: entries.length });
    expect(parsed.stats.v4 + parsed.stats.v6).toBe(entries.length);
  });

  test('duplicates are counted, families told apart', () => {
    const text =
      '198.51.100.7\n198.51.100.7/32\n::ffff:198.51.100.7\n2001:db8::1\n2001:DB8:0::1\n198.51.100.0/24';
    expect(parse(text).stats).toMatchObject({ lines: 6, v4: 2, v6: 1, duplicates: 3 });
  });

  test('host bits are cut off and told', () => {
    const parsed = parse('# x\n198.51.100.7/24\n2001:db8::1/32');
    expect(entryTexts(parsed)).toEqual(['198.51.100.0/24', '2001:db8::/32']);
    expect(parsed.changed).toEqual([
      { line: 2, text: '198.51.100.7/24', reason: 'has host bits set; taken as 198.51.100.0/24' },
      { line: 3, text: '2001:db8::1/32', reason: 'has host bits set; taken as 2001:db8::/32' },
    ]);
  });
});

describe('bad lines', () => {
  test.each([
    ['0.0.0.0/0', 'would list every address'],
    ['1.2.3.4/0', 'would list every address'],
    ['::/0', 'would list every address'],
    ['::ffff:0:0/96', 'would list every address'],
    ['0.0.0.0-255.255.255.255', 'would list every address'],
    ['198.51.100.0/33', 'prefix length must be a number from 0 to 32'],
    ['198.51.100.0//24', 'prefix length must be a number from 0 to 32'],
    ['1.2.3.4/-1', 'prefix length must be a number from 0 to 32'],
    ['0127.0.0.1', 'not an IP address, CIDR or range'],
    ['198.51.100', 'not an IP address, CIDR or range'],
    ['198.51.100.1 198.51.100.2', 'not an IP address, CIDR or range'],
    ['198.51.100.1,malware', 'not an IP address, CIDR or range'],
    ['example.com', 'not an IP address, CIDR or range'],
    ['198.51.100.9-198.51.100.1', 'range ends before it begins'],
    ['fe80::1%eth0', 'not an IP address, CIDR or range'],
  ])('%s: %s', (text, reason) => {
    const parsed = parse(`# list\r\n203.0.113.66\r\n${text}`);
    expect(parsed.invalid).toEqual([{ line: 3, text, reason }]);
    expect(entryTexts(parsed)).toEqual(['203.0.113.66']);
    expect(parsed.stats).toMatchObject({ lines: 2, invalid: 1, v4: 1 });
  });

  test('all are counted, the first are kept', () => {
    const parsed = parse('nonsense\n'.repeat(250));
    expect(parsed.stats.invalid).toBe(250);
    expect(parsed.invalid).toHaveLength(KEPT_NOTES);
    expect(parsed.invalid.at(-1)?.line).toBe(KEPT_NOTES);
  });

  test('their text is short and cannot drive a terminal', () => {
    const [bad] = parse(`\u001b[31m${'x'.repeat(5000)}`).invalid;
    expect(bad?.text).toMatch(/^\ufffd\[31mx+\.\.\.$/);
    expect(bad?.text.length).toBeLessThan(100);
  });
});

test('any text: no throw, and each line is an entry, a duplicate or invalid', () => {
  const piece = fc.constantFrom(
    '198.51.100.',
    '2001:db8::',
    '/',
    '-',
    '24',
    '7',
    '\n',
    '\r\n',
    '#',
    ';',
    '//',
    ' ',
    '\ufeff',
    '\0',
    'é',
    '::',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(piece, { maxLength: 60 }).map((x) => x.join('')),
      ),
      (text) => {
        const { stats, invalid } = parse(text);
        expect(stats.v4 + stats.v6 + stats.duplicates + stats.invalid).toBe(stats.lines);
        expect(invalid).toHaveLength(Math.min(stats.invalid, KEPT_NOTES));
      },
    ),
    { numRuns: 3000 },
  );
});
