import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { unexpectedProtocol } from '../../src/detectors/unexpected-protocol.ts';
import type { ContentEvent, ContentKind } from '../../src/model/event.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { PacketRateEvent, SampledApplication } from '../../src/model/packets.ts';
import type { Workload } from '../../src/model/process.ts';
import type { ServiceProtocol } from '../../src/model/service-protocol.ts';
import { ip, packetRate, probe } from '../support/packet-events.ts';
import { connection, type EventInput } from './events.ts';

const { unexpectedProtocols: DEFAULTS } = loadConfig(undefined).config.network.security;
const detector = unexpectedProtocol({ unexpectedProtocols: DEFAULTS });

/** What was said does not matter here, only that it was, and whether over QUIC. */
const said = (kind: ContentKind | 'quic', input: EventInput = {}): ContentEvent =>
  (kind === 'quic' || kind === 'tls'
    ? { ...connection(input), kind: 'tls', tls: kind === 'quic' ? { quicVersion: '1' } : {} }
    : { ...connection(input), kind }) as unknown as ContentEvent;

describe('with the default lists', () => {
  test.each<[kind: ContentKind | 'quic', input: EventInput, body: string, severity: string]>([
    ['http', { remote: '198.51.100.50 1337' }, 'HTTP on unexpected port 1337', 'INFO'],
    ['grpc', { remote: '198.51.100.50 1337' }, 'HTTP on unexpected port 1337', 'INFO'],
    ['tls', { remote: '198.51.100.50 4444' }, 'TLS on unexpected port 4444', 'INFO'],
    ['tls', { remote: '198.51.100.50 53' }, 'TLS on port 53, which is meant for DNS', 'WARNING'],
    ['tls', { remote: '198.51.100.50 80' }, 'TLS on port 80, which is meant for HTTP', 'WARNING'],
    ['quic', { remote: '198.51.100.50 4444', transport: 'udp' }, 'QUIC on unexpected port 4444', 'INFO'],
    [
      'quic',
      { remote: '198.51.100.50 53', transport: 'udp' },
      'QUIC on port 53, which is meant for DNS',
      'WARNING',
    ],
    ['http', { remote: '198.51.100.50 22' }, 'HTTP on port 22, which is meant for SSH', 'WARNING'],
    ['dns', { remote: '198.51.100.50 5300', transport: 'udp' }, 'DNS on unexpected port 5300', 'INFO'],
    ['dns', { remote: '198.51.100.50 443' }, 'DNS on port 443, which is meant for TLS', 'WARNING'],
    [
      'http',
      { role: 'server', local: '192.0.2.10 6666', remote: '198.51.100.50 80' },
      'HTTP on unexpected port 6666',
      'INFO',
    ],
  ])('%s %j: %s', (kind, input, body, severity) => {
    const event = said(kind, input);
    expect(detector.inspect(event)).toMatchObject({
      detector: 'unexpected-protocol',
      eventType: 'unexpected_protocol',
      reason: 'unexpected_protocol',
      body,
      severity,
      event,
    });
  });

  test.each<[kind: ContentKind | 'quic', input: EventInput]>([
    ['http', { remote: '198.51.100.50 80' }],
    ['quic', { remote: '198.51.100.50 443', transport: 'udp' }],
    ['http', { remote: '198.51.100.50 8080' }],
    ['http', { remote: '198.51.100.50 443' }],
    ['tls', { remote: '198.51.100.50 443' }],
    ['tls', { remote: '198.51.100.50 993' }],
    ['dns', { remote: '198.51.100.50 53' }],
    ['http', { role: 'server', local: '192.0.2.10 80', remote: '198.51.100.50 40000' }],
    // Which end serves is not known.
    ['http', { role: 'unknown', remote: '198.51.100.50 1337' }],
  ])('%s %j is nothing to say', (kind, input) => {
    expect(detector.inspect(said(kind, input))).toBeUndefined();
  });

  test('a connection says nothing of what is spoken', () => {
    expect(detector.inspect(connection({ remote: '198.51.100.50 1337' }))).toBeUndefined();
  });
});

test('ports and programs may be excepted', () => {
  const lenient = unexpectedProtocol({
    unexpectedProtocols: {
      ...DEFAULTS,
      allow: { ...DEFAULTS.allow, ports: [1337], processes: ['/usr/lib/app/*'] },
    },
  });
  const odd = { remote: '198.51.100.50 1338' };
  expect(lenient.inspect(said('http', { remote: '198.51.100.50 1337' }))).toBeUndefined();
  expect(lenient.inspect(said('http', { ...odd, path: '/usr/lib/app/bin' }))).toBeUndefined();
  expect(lenient.inspect(said('http', { ...odd, path: '/tmp/app' }))).toMatchObject({ severity: 'INFO' });
  expect(lenient.inspect(said('http', odd))).toMatchObject({ severity: 'INFO' });
});

test('workloads may be excepted, at all ports or at one', () => {
  const workloads = ['shop/web', 'tools/*', 'shop/batch-*:1338'];
  const lenient = unexpectedProtocol({
    unexpectedProtocols: { ...DEFAULTS, allow: { ...DEFAULTS.allow, workloads } },
  });
  const at = (workload: Workload | undefined, remote = '198.51.100.50 1337') =>
    lenient.inspect({ ...said('http', { remote }), workload })?.body;
  const body = 'HTTP on unexpected port 1337';
  expect(at({ namespace: 'shop', podName: 'web-1', owners: { deployment: 'web' } })).toBeUndefined();
  expect(at({ namespace: 'tools', podName: 'anything' })).toBeUndefined();
  expect(at({ namespace: 'shop', podName: 'batch-7' })).toBe(body);
  expect(at({ namespace: 'shop', podName: 'batch-7' }, '198.51.100.50 1338')).toBeUndefined();
  expect(at({ namespace: 'other', podName: 'web', owners: { deployment: 'web' } })).toBe(body);
  expect(at({ containerId: 'a'.repeat(64) })).toBe(body);
  expect(at(undefined)).toBe(body);
});

describe('by first bytes, at the end of a connection', () => {
  const ended = (spoken: ServiceProtocol | undefined, remote: string, more: EventInput = {}) =>
    detector.inspect({ ...connection({ remote, phase: 'closed', ...more }), spoken });

  test.each<[spoken: ServiceProtocol, remote: string, body: string | undefined]>([
    ['ssh', '198.51.100.50 22', undefined],
    ['ssh', '198.51.100.50 2222', 'SSH on unexpected port 2222'],
    ['ssh', '198.51.100.50 443', 'SSH on port 443, which is meant for TLS'],
    ['smb', '198.51.100.50 445', undefined],
    ['smb', '198.51.100.50 80', 'SMB on port 80, which is meant for HTTP'],
    ['rdp', '198.51.100.50 3390', 'RDP on unexpected port 3390'],
    ['bittorrent', '198.51.100.50 6881', undefined],
    ['bittorrent', '198.51.100.50 51413', 'BitTorrent on unexpected port 51413'],
    ['postgresql', '198.51.100.50 5432', undefined],
    ['redis', '198.51.100.50 53', 'Redis on port 53, which is meant for DNS'],
  ])('%s at %s: %s', (spoken, remote, body) => {
    expect(ended(spoken, remote)?.body).toBe(body);
  });

  test.each([
    ['198.51.100.50 80', 'Unknown protocol on port 80, which is meant for HTTP'],
    ['198.51.100.50 443', 'Unknown protocol on port 443, which is meant for TLS'],
    // Of these not every client is known by its first bytes.
    ['198.51.100.50 25', undefined],
    ['198.51.100.50 53', undefined],
    ['198.51.100.50 9999', undefined],
  ])('something unknown at %s: %s', (remote, body) => {
    const event = { ...connection({ remote, phase: 'closed' }), isUnrecognised: true } as const;
    expect(detector.inspect(event)?.body).toBe(body);
  });

  test('a server is judged by its own port', () => {
    const served = { role: 'server', local: '192.0.2.10 8022' } as const;
    expect(ended('ssh', '198.51.100.50 40000', served)?.body).toBe('SSH on unexpected port 8022');
  });

  test('what is not known, or not over, is nothing to say', () => {
    expect(ended(undefined, '198.51.100.50 443')).toBeUndefined();
    expect(ended('ssh', '198.51.100.50 443', { phase: 'established' })).toBeUndefined();
  });

  test('ports of one protocol may be added', () => {
    const own = unexpectedProtocol({ unexpectedProtocols: { ...DEFAULTS, otherPorts: ['ssh:2222'] } });
    const at = (spoken: ServiceProtocol) =>
      own.inspect({ ...connection({ remote: '198.51.100.50 2222', phase: 'closed' }), spoken })?.body;
    expect([at('ssh'), at('smb')]).toEqual([undefined, 'SMB on unexpected port 2222']);
  });
});

test('what differs in nothing but the name that is asked for is one finding', () => {
  const [a, b] = ['1', '2'].map((last) =>
    detector.inspect(said('dns', { remote: `198.51.100.${last} 5300` })),
  );
  expect(a?.subject).toBe('DNS 5300');
  expect(b?.subject).toBe(a?.subject);
});

describe('heads of sampled packets', () => {
  const fresh = (options: object = {}) =>
    unexpectedProtocol({ unexpectedProtocols: { ...DEFAULTS, ...options } });
  const passed = (
    name: string,
    port: number,
    {
      direction = 'inbound',
      ...more
    }: Partial<SampledApplication> & { direction?: 'inbound' | 'outbound' } = {},
  ) => {
    const [client, server] = [ip('198.51.100.7'), ip('192.0.2.10')];
    const application = {
      name,
      protocol: 'tcp',
      port,
      packets: 9,
      client,
      server,
      isAnswer: false,
      ...more,
    } as const;
    return packetRate([], { direction, applications: [application] });
  };
  const bodies = (findings: readonly Finding[] = []) => findings.map(({ body }) => body);

  test.each([
    ['http', 1337, 'HTTP passes eth0 on unexpected port 1337', 'INFO'],
    ['http2', 22, 'HTTP passes eth0 on port 22, which is meant for SSH', 'WARNING'],
    ['ssh', 2222, 'SSH passes eth0 on unexpected port 2222', 'INFO'],
    ['ssh', 443, 'SSH passes eth0 on port 443, which is meant for TLS', 'WARNING'],
    ['stratum', 3333, 'Stratum passes eth0 on unexpected port 3333', 'INFO'],
    ['smtp', 2500, 'SMTP passes eth0 on unexpected port 2500', 'INFO'],
    ['quic', 9999, 'QUIC passes eth0 on unexpected port 9999', 'INFO'],
  ])('%s at %i', (name, port, body, severity) => {
    expect(fresh().inspectPackets?.(passed(name, port))).toMatchObject([
      { detector: 'unexpected-protocol', eventType: 'unexpected_protocol', body, severity, alone: true },
    ]);
  });

  test.each([
    ['http', 80],
    ['tls', 443],
    ['quic', 443],
    ['dns', 53],
    ['ssh', 22],
    ['vnc', 5901],
    ['smtp', 587],
    ['bittorrent', 6881],
    ['something new', 1337],
  ])('%s at %i is nothing to say', (name, port) => {
    expect(fresh().inspectPackets?.(passed(name, port))).toEqual([]);
  });

  test('the peer is the end beyond the interface, whoever serves', () => {
    const attributesOf = (event: PacketRateEvent) => fresh().inspectPackets?.(event)[0]?.attributes;
    const served = { 'net.peer.ip': '198.51.100.7', 'net.host.ip': '192.0.2.10', 'net.host.port': 1337 };
    expect(attributesOf(passed('http', 1337))).toEqual({ 'network.transport': 'tcp', ...served });
    expect(attributesOf(passed('http', 1337, { direction: 'outbound', isAnswer: true }))).toMatchObject(
      served,
    );
    const asked = { 'net.peer.ip': '192.0.2.10', 'net.host.ip': '198.51.100.7', 'net.peer.port': 1337 };
    expect(attributesOf(passed('http', 1337, { direction: 'outbound' }))).toMatchObject(asked);
    expect(attributesOf(passed('http', 1337, { isAnswer: true }))).toMatchObject(asked);
  });

  test('what sockets told of is not told again', () => {
    const own = fresh();
    own.inspect(said('http', { remote: '198.51.100.50 1337' }));
    expect(bodies(own.inspectPackets?.(passed('http', 1337)))).toEqual([]);
    expect(bodies(own.inspectPackets?.(passed('ssh', 1337)))).toEqual([
      'SSH passes eth0 on unexpected port 1337',
    ]);
  });

  test('ports may be excepted, protocols given further ones', () => {
    const allow = { ...DEFAULTS.allow, ports: [1337] };
    expect(fresh({ allow }).inspectPackets?.(passed('http', 1337))).toEqual([]);
    expect(fresh({ otherPorts: ['ssh:2222'] }).inspectPackets?.(passed('ssh', 2222))).toEqual([]);
  });

  test('windows without, and probes', () => {
    expect(fresh().inspectPackets?.(packetRate([]))).toEqual([]);
    expect(fresh().inspectPackets?.(probe())).toEqual([]);
  });
});
