import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blocklistCheck } from '../../../src/cli/blocklist/check.ts';
import { blocklistLookup } from '../../../src/cli/blocklist/lookup.ts';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../reputation/fixtures/${name}`, import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-blocklist-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('check', () => {
  test('as JSON: exactly the documented keys', async () => {
    const file = write('bad.txt', '198.51.100.1\n198.51.100.1\nnonsense\n10.0.0.0/8\n2001:db8::/32\n');
    const { stdout, exitCode } = await blocklistCheck([file, fixture('names.domains')], { format: 'json' });
    expect(exitCode).toBe(0);
    const [first, second] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(first).toEqual({
      file,
      format: 'plain',
      entries: 2,
      v4: 1,
      v6: 1,
      domains: 0,
      duplicates: 1,
      invalid: [{ line: 3, text: 'nonsense', reason: 'not an IP address, CIDR or range' }],
      ignored: [
        { line: 4, text: '10.0.0.0/8', reason: 'reserved or own addresses (allow_reserved would take them)' },
      ],
    });
    expect(second).toMatchObject({ format: 'domains', entries: 7, v4: 1, domains: 6, duplicates: 2 });
  });

  test('every bad line is named in JSON, however many there are', async () => {
    const file = write('bad.txt', `${'198.51.100.1\n'.repeat(600)}${'nonsense\n'.repeat(500)}`);
    const { stdout } = await blocklistCheck([file], { format: 'json' });
    expect((JSON.parse(stdout) as { invalid: unknown[] }[])[0]?.invalid).toHaveLength(500);
  });

  test('as text', async () => {
    const file = write('bad.txt', '198.51.100.1\n198.51.100.7/24\nnonsense\n');
    const { stdout } = await blocklistCheck([file], { format: 'text' });
    expect(stdout).toBe(
      [
        `${file}: plain: 2 entries (2 IPv4, 0 IPv6, 0 names), 0 duplicates, 1 invalid, 0 ignored`,
        `  ${file}:3: invalid: "nonsense": not an IP address, CIDR or range`,
        `  ${file}:2: changed: "198.51.100.7/24": has host bits set; taken as 198.51.100.0/24`,
        '',
      ].join('\n'),
    );
  });

  test.each<[name: string, text: string | Buffer, problem: RegExp]>([
    ['a page of errors', '<html>\n<body>\n', /2 of 2 lines are not addresses/],
    ['binary', Buffer.from([31, 139, 0]), /binary/],
    [
      'a list of what is harmless',
      '{"list": ["198.51.100.1"], "matching_attributes": []}',
      /belongs into allowlists/,
    ],
  ])('%s would not be loaded: exit code 2', async (_, text, problem) => {
    const file = join(folder, 'x.txt');
    writeFileSync(file, text);
    const { stdout, exitCode } = await blocklistCheck([file], { format: 'text' });
    expect(stdout).toMatch(problem);
    expect(exitCode).toBe(2);
    const json = JSON.parse((await blocklistCheck([file], { format: 'json' })).stdout) as object[];
    expect(Object.keys(json[0]!)).toEqual([
      'file',
      'format',
      'entries',
      'v4',
      'v6',
      'domains',
      'duplicates',
      'invalid',
      'ignored',
    ]);
  });

  test('folders stand for their lists, settings are respected, missing files are named', async () => {
    write('a.txt', '198.51.100.1,1,127\n');
    write('b.list', '10.0.0.1\n');
    write('README.md', 'no list');
    const config = write(
      'telegen.yaml',
      'agent: {network: {security: {lists: {a: {format: plain}, b: {allow_reserved: true}}}}}\n',
    );
    const { stdout } = await blocklistCheck([folder], { format: 'json', config });
    expect(JSON.parse(stdout)).toMatchObject([
      { file: join(folder, 'a.txt'), format: 'plain', entries: 0 },
      { file: join(folder, 'b.list'), entries: 1, ignored: [] },
    ]);
    await expect(blocklistCheck([join(folder, 'none.txt')], { format: 'json' })).rejects.toMatchObject({
      code: 'TELEGEN_BLOCKLIST',
    });
  });
});

describe('lookup', () => {
  const none = { list: [], allowlist: [], warn: () => undefined };

  test('as JSON: exactly the documented keys', async () => {
    const list = [
      write('bad.txt', '198.51.100.0/24\n198.51.100.7\nevil.example.com\n'),
      fixture('feodo.csv'),
    ];
    const allowlist = [write('good.txt', '198.51.100.9\n')];
    const values = [
      '198.51.100.7',
      '198.51.100.50',
      '198.51.100.9',
      '203.0.113.1',
      'www.evil.example.com',
      '10.0.0.1',
    ];
    const { stdout, exitCode } = await blocklistLookup(values, { ...none, list, allowlist, format: 'json' });
    expect(exitCode).toBe(0);
    const plain = { category: null, confidence: null, port: null };
    const network = { list: 'bad', entry: '198.51.100.0/24', ...plain, line: 1 };
    const qak = { list: 'feodo', entry: '198.51.100.50', category: 'QakBot', confidence: null };
    expect(JSON.parse(stdout)).toEqual([
      {
        value: '198.51.100.7',
        listed: true,
        allowed: false,
        entries: [{ ...network, entry: '198.51.100.7', line: 2 }, network],
      },
      {
        value: '198.51.100.50',
        listed: true,
        allowed: false,
        entries: [network, { ...qak, port: 8443, line: 9 }, { ...qak, port: 443, line: 7 }],
      },
      { value: '198.51.100.9', listed: true, allowed: true, entries: [network] },
      { value: '203.0.113.1', listed: false, allowed: false, entries: [] },
      {
        value: 'www.evil.example.com',
        listed: true,
        allowed: false,
        entries: [{ list: 'bad', entry: 'evil.example.com', ...plain, line: 3 }],
      },
      { value: '10.0.0.1', listed: false, allowed: false, entries: [] },
    ]);
  });

  test('as text: what, where and why', async () => {
    const list = [write('bad.txt', '198.51.100.0/24\n0.0.0.0/1\n'), fixture('feodo.csv')];
    const allowlist = [write('good.txt', '198.51.100.9\n')];
    const values = [
      '198.51.100.9',
      '203.0.113.9',
      '198.51.100.50',
      '10.0.0.1',
      '2001:db8::1',
      '198.51.100.0/25',
    ];
    const { stdout } = await blocklistLookup(values, { ...none, list, allowlist, format: 'text' });
    expect(stdout).toContain(
      '198.51.100.9: listed, but allowed: no alert\n  allowed by good: 198.51.100.9 (line 1)\n',
    );
    expect(stdout).toContain('203.0.113.9: listed by expired entries only: no alert\n');
    expect(stdout).toMatch(
      /198\.51\.100\.50: listed: alerts\n {2}listed by bad: 198\.51\.100\.0\/24 \(line 1\)\n/,
    );
    expect(stdout).toContain(
      'QakBot, port 8443, first seen 2024-01-10T08:00:02.000Z, matches connections out to port 8443 only',
    );
    expect(stdout).toContain('10.0.0.1: reserved or own: no list may accuse it\n');
    expect(stdout).toContain('2001:db8::1: not listed\n');
    expect(stdout).toMatch(/198\.51\.100\.0\/25: listed, but allowed: no alert/);
  });

  test('by default the configured lists are asked; what is no value is an error', async () => {
    write('bad.txt', '198.51.100.7\n');
    const config = write('telegen.yaml', 'agent: {network: {security: {blocklists: [bad.txt]}}}\n');
    const { stdout } = await blocklistLookup(['198.51.100.7'], { ...none, config, format: 'json' });
    expect(JSON.parse(stdout)).toMatchObject([{ listed: true, entries: [{ list: 'bad' }] }]);
    await expect(blocklistLookup(['no value'], { ...none, config, format: 'json' })).rejects.toThrow(
      /"no value" is no address, network or host name/,
    );
  });
});
