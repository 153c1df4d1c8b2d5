import { expect, test } from 'vitest';
import { externalEgress } from '../../src/detectors/external-egress.ts';
import type { ConnectionEvent } from '../../src/model/event.ts';
import { accepted, connection, SILENT } from './events.ts';

const internalNetworks = [
  '10.0.0.0/8',
  '192.0.2.0/24',
  '127.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255',
  'fc00::/7',
  '::1',
];
const allow = {
  cidrs: ['203.0.113.0/28', '2001:db8:a::/48'],
  ports: [123],
  processes: ['/usr/bin/apt', '/opt/*/bin/agent'],
};
const detector = externalEgress({ internalNetworks, allow });

test.each<[name: string, event: ConnectionEvent]>([
  ['TCP', connection({ remote: '198.51.100.50 443' })],
  ['UDP', connection({ remote: '198.51.100.50 53', transport: 'udp' })],
  ['IPv6', connection({ remote: '2001:db8:b::1 443' })],
  ['beside an allowed network', connection({ remote: '203.0.113.16 443' })],
  ['another process', connection({ path: '/tmp/apt' })],
  ['a process whose path begins like an allowed one', connection({ path: '/usr/bin/apt-get' })],
  ['an allowed port as the own port', connection({ local: '192.0.2.10 123' })],
])('alerts: %s', (_, event) => {
  expect(detector.inspect(event)).toEqual({
    detector: 'external-egress',
    eventType: 'external_connection',
    severity: 'INFO',
    gravity: 10,
    body: 'Outbound connection to external address',
    reason: 'external_connection',
    event,
    attributes: {},
  });
});

test.each<[name: string, event: ConnectionEvent]>([
  ['internal', connection({ remote: '10.1.2.3 443' })],
  ['internal IPv6', connection({ remote: 'fd00::1 443' })],
  ['loopback', connection({ remote: '::1 443' })],
  ['multicast', connection({ remote: '224.0.0.251 5353', transport: 'udp' })],
  ['broadcast', connection({ remote: '255.255.255.255 67', transport: 'udp' })],
  ['unspecified', connection({ remote: '0.0.0.0 80' })],
  ['unspecified IPv6', connection({ remote: ':: 80' })],
  ['an allowed network', connection({ remote: '203.0.113.15 443' })],
  ['an allowed IPv6 network', connection({ remote: '2001:db8:a::1 443' })],
  ['an allowed port', connection({ remote: '198.51.100.50 123', transport: 'udp' })],
  ['an allowed process', connection({ path: '/usr/bin/apt' })],
  ['an allowed process by pattern', connection({ path: '/opt/x/y/bin/agent' })],
  ['inbound', accepted()],
])('silent: %s', (_, event) => {
  expect(detector.inspect(event)).toBeUndefined();
});

test.each([
  ['the very name', ['example.com'], false],
  ['a name below', ['api.example.com'], false],
  ['any of its names', ['cdn.example.net', 'api.example.com'], false],
  ['a name that only ends alike', ['badexample.com'], true],
  ['a name above', ['com'], true],
  ['no name', [], true],
  ['names not looked up', undefined, true],
] as const)('agent.network.security.allow.names: %s', (_, peerNames, alerts) => {
  for (const name of ['example.com', 'Example.COM.', '*.example.com', '.example.com']) {
    const named = externalEgress({ internalNetworks, allow: { ...allow, names: [name] } });
    const finding = named.inspect(connection({ remote: '198.51.100.50 443', peerNames }));
    expect(finding !== undefined).toBe(alerts);
  }
});

test('asks for DNS only when names are allowed', () => {
  expect(detector.asks).toEqual([]);
  expect(externalEgress({ internalNetworks, allow: { ...allow, names: ['a.example'] } }).asks).toEqual([
    'dns',
  ]);
});

test.each(SILENT)('silent: %j', (change) => {
  expect(detector.inspect(connection(change))).toBeUndefined();
});

test.each([
  [{ internalNetworks: ['10.0.0.0/33'], allow }, 'security.internal_networks: "10.0.0.0/33"'],
  [{ internalNetworks, allow: { ...allow, cidrs: ['x'] } }, 'security.allow.cidrs: "x"'],
])('settings that cannot be read are named: %#', (options, message) => {
  expect(() => externalEgress(options)).toThrow(
    expect.objectContaining({ code: 'TELEGEN_CONFIG', message: expect.stringContaining(message) }),
  );
});

test("the cluster's own addresses are not external", () => {
  const own = externalEgress({ internalNetworks, allow }, { isOwn: ({ w3 }) => (w3 & 255) === 12 });
  expect(own.inspect(connection({ remote: '203.0.113.12 443' }))).toBeUndefined();
  expect(own.inspect(connection({ remote: '203.0.113.99 443' }))).toBeDefined();
});
