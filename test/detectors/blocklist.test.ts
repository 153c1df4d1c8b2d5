import { expect, test } from 'vitest';
import { blocklist } from '../../src/detectors/blocklist.ts';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { parseBlocklist } from '../../src/reputation/blocklist-file.ts';
import { compileList, lookupIn } from '../../src/reputation/compiled-list.ts';
import { accepted, connection, SILENT } from './events.ts';

const list = (name: string, text: string) => compileList(name, parseBlocklist(text, `${name}.txt`));
const detector = blocklist(
  lookupIn([list('one', '198.51.100.0/24\n198.51.100.50\n2001:db8:bad::/48'), list('two', '198.51.100.50')]),
);

const OUT = 'Suspicious outbound connection to known bad IP';
const IN = 'Suspicious inbound connection from known bad IP';

test.each<[name: string, event: ConnectionEvent, body: string, lists: string[], entries: string[]]>([
  [
    'out, on two lists',
    connection({ remote: '198.51.100.50 4444' }),
    OUT,
    ['one', 'two'],
    ['198.51.100.50', '198.51.100.50'],
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
    attributes: { 'telegen.list.name': lists, 'telegen.list.entry': entries },
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
