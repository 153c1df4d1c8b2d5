import { expect, test } from 'vitest';
import { suspiciousPorts } from '../../src/detectors/suspicious-ports.ts';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { accepted, connection, SILENT } from './events.ts';

const detector = suspiciousPorts({ suspiciousPorts: [4444, 31337] });

test.each<[name: string, event: ConnectionEvent, body: string]>([
  [
    'TCP out',
    connection({ remote: '198.51.100.50 4444' }),
    'Suspicious outbound connection to unusual port 4444',
  ],
  [
    'UDP out',
    connection({ remote: '198.51.100.50 31337', transport: 'udp' }),
    'Suspicious outbound connection to unusual port 31337',
  ],
  [
    'IPv6 out',
    connection({ remote: '2001:db8::1 4444' }),
    'Suspicious outbound connection to unusual port 4444',
  ],
  [
    'out to this host',
    connection({ remote: '127.0.0.1 4444' }),
    'Suspicious outbound connection to unusual port 4444',
  ],
  [
    'accepted on',
    accepted({ local: '192.0.2.10 4444' }),
    'Suspicious inbound connection on unusual port 4444',
  ],
])('%s', (_, event, body) => {
  expect(detector.inspect(event)).toEqual({
    detector: 'suspicious-ports',
    eventType: 'suspicious_connection',
    severity: 'WARNING',
    gravity: 50,
    body,
    reason: 'suspicious_port',
    event,
    attributes: {},
  });
});

test.each<[name: string, event: ConnectionEvent]>([
  ['another port', connection({ remote: '198.51.100.50 4445' })],
  ['only the own port out', connection({ local: '192.0.2.10 4444' })],
  ['only the peer’s port in', accepted({ remote: '198.51.100.50 4444' })],
])('silent: %s', (_, event) => {
  expect(detector.inspect(event)).toBeUndefined();
});

test.each(SILENT)('silent: %j', (change) => {
  expect(
    detector.inspect(connection({ local: '192.0.2.10 4444', remote: '198.51.100.50 4444', ...change })),
  ).toBeUndefined();
});
