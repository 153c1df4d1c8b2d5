import { describe, expect, test } from 'vitest';
import { mergeKey } from '../../src/alerts/merge-key.ts';
import { blocklist } from '../../src/detectors/blocklist.ts';
import type { ConnectionEvent, ContentEvent } from '../../src/model/event.ts';
import { compileList } from '../../src/reputation/compiled-list.ts';
import { createLookup } from '../../src/reputation/lookup.ts';
import { parseList } from '../../src/reputation/parse-list.ts';
import { accepted, connection, SILENT } from './events.ts';

const list = (name: string, text: string) => compileList(parseList(text, { role: 'block' }), { name });
const detector = blocklist(
  createLookup({
    block: [
      list('one', '198.51.100.0/24\n198.51.100.50\n2001:db8:bad::/48'),
      list('two', '198.51.100.50'),
      list('names', 'evil.example.com\n'),
      list(
        'ports',
        'ip,port,malware,confidence,reference\n203.0.113.9,8443,bot,75,r1\n203.0.113.9,443,rat,90,r2\n',
      ),
    ],
    allow: [],
  }),
);

const OUT = 'Suspicious outbound connection to known bad IP';
const IN = 'Suspicious inbound connection from known bad IP';

test.each<[name: string, event: ConnectionEvent, body: string, lists: string[], entries: string[]]>([
  [
    'out, on two lists, by three entries',
    connection({ remote: '198.51.100.50 4444' }),
    OUT,
    ['one', 'one', 'two'],
    ['198.51.100.50', '198.51.100.0/24', '198.51.100.50'],
  ],
  ['out, in a network', connection({ remote: '198.51.100.51 443' }), OUT, ['one'], ['198.51.100.0/24']],
  [
    'UDP out',
    connection({ remote: '198.51.100.51 53', transport: 'udp' }),
    OUT,
    ['one'],
    ['198.51.100.0/24'],
  ],
  ['IPv6 out', connection({ remote: '2001:db8:bad::5 443' }), OUT, ['one'], ['2001:db8:bad::/48']],
  ['in', accepted({ remote: '198.51.100.51 50000' }), IN, ['one'], ['198.51.100.0/24']],
])('%s', (...[, event, body, lists, entries]) => {
  expect(detector.inspect(event)).toEqual({
    detector: 'blocklist',
    eventType: 'suspicious_connection',
    severity: 'WARNING',
    gravity: 80,
    body,
    reason: 'blocklist',
    event,
    attributes: {
      'telegen.list.name': lists,
      'telegen.list.entry': entries,
      'telegen.list.line': lists.map(() => expect.stringMatching(/^[1-3]$/)),
    },
  });
});

test('an alert shows what the list says of the entry', () => {
  expect(detector.inspect(connection({ remote: '203.0.113.9 443' }))?.attributes).toEqual({
    'telegen.list.name': ['ports'],
    'telegen.list.entry': ['203.0.113.9'],
    'telegen.list.line': ['3'],
    'telegen.list.category': ['rat'],
    'telegen.list.confidence': 90,
    'telegen.list.port': 443,
    'telegen.list.reference': ['r2'],
  });
  for (const event of [
    connection({ remote: '203.0.113.9 80' }),
    accepted({ remote: '203.0.113.9 443' }),
    accepted({ remote: '203.0.113.9 50000', local: '192.0.2.10 443' }),
  ])
    expect(detector.inspect(event)).toBeUndefined();
});

describe('names that are seen', () => {
  const { kind: _, phase: __, ...facts } = connection({ remote: '203.0.113.53 53' });
  const dns = (questionName: string): ContentEvent => ({
    ...facts,
    kind: 'dns',
    dns: { id: 1, questionName, questionType: 'A', outcome: 'answered', retries: 0 },
  });
  const tls = (serverName: string | undefined): ContentEvent => ({
    ...facts,
    kind: 'tls',
    tls: {
      ...(serverName === undefined ? {} : { serverName }),
      alpn: [],
      versions: [],
      cipherCount: 1,
      ja4: '',
      encryptedHello: false,
    },
  });
  const exchange = (authority: string) => ({
    version: '2' as const,
    authority,
    requestHeaders: [],
    responseHeaders: [],
    outcome: 'complete' as const,
    partial: false,
  });
  const http = (authority: string): ContentEvent => ({ ...facts, kind: 'http', http: exchange(authority) });
  const grpc = (authority: string): ContentEvent => ({
    ...facts,
    kind: 'grpc',
    grpc: { http: exchange(authority) },
  });

  test.each<[event: ContentEvent, body: string]>([
    [dns('evil.example.com'), 'Suspicious DNS query for known bad domain'],
    [dns('a.b.evil.example.com'), 'Suspicious DNS query for known bad domain'],
    [tls('www.evil.example.com'), 'Suspicious TLS connection to known bad domain'],
    [http('EVIL.example.com:8080'), 'Suspicious HTTP request to known bad domain'],
    [http('good.example.org@evil.example.com:80'), 'Suspicious HTTP request to known bad domain'],
    [grpc('evil.example.com.'), 'Suspicious gRPC call to known bad domain'],
  ])('%j', (event, body) => {
    expect(detector.inspect(event)).toMatchObject({
      body,
      detector: 'blocklist',
      reason: 'blocklist',
      eventType: 'suspicious_connection',
      attributes: { 'telegen.list.name': ['names'], 'telegen.list.entry': ['evil.example.com'] },
    });
  });

  test.each<[event: ContentEvent]>([
    [dns('notevil.example.com')],
    [dns('example.com')],
    [dns('evil.example.com.example.org')],
    [dns('.')],
    [tls(undefined)],
    [http('198.51.100.50:80')],
    [http('[2001:db8:bad::1]:80')],
    [http('evil.example.com\\@example.org')],
  ])('silent: %j', (event) => {
    expect(detector.inspect(event)).toBeUndefined();
  });

  test('two names asked of one resolver are two alerts', () => {
    const keys = ['a.evil.example.com', 'b.evil.example.com', 'A.evil.example.com'].map((name) =>
      mergeKey(detector.inspect(dns(name))!),
    );
    expect(new Set(keys).size).toBe(2);
  });
});

test.each<[name: string, event: ConnectionEvent]>([
  ['an unlisted peer', connection({ remote: '203.0.113.66 4444' })],
  ['IPv6 beside the listed network', connection({ remote: '2001:db8:bae::5 443' })],
  [
    'only the own address is listed',
    connection({ local: '198.51.100.50 40000', remote: '203.0.113.66 443' }),
  ],
])('silent: %s', (_, event) => {
  expect(detector.inspect(event)).toBeUndefined();
});

test.each(SILENT)('silent: %j', (change) => {
  expect(detector.inspect(connection(change))).toBeUndefined();
});
