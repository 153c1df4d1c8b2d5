import { describe, expect, it } from 'vitest';
import { communityId } from '../../src/net/community-id.ts';
import { connectionAttributes, eventAttributes } from '../../src/net/event-attributes.ts';
import { isoTime } from '../../src/net/iso-time.ts';
import { connection, ip, TIME_MS } from '../alerts/fixtures.ts';

const STATS = {
  bytesSent: 10,
  bytesReceived: 20,
  segmentsSent: 3,
  segmentsReceived: 4,
  retransmits: 0,
  rttUs: 150,
  minRttUs: 0,
  durationMs: 12.5,
};

describe('connectionAttributes', () => {
  it('says all that is known, with numbers as numbers', () => {
    const { transport, local, remote } = connection();
    expect(connectionAttributes(connection())).toEqual({
      'event.name': 'connection',
      'telegen.phase': 'attempted',
      'net.peer.ip': '198.51.100.50',
      'net.peer.port': 4444,
      'net.host.ip': '192.0.2.10',
      'net.host.port': 40_000,
      'network.transport': 'tcp',
      'network.type': 'ipv4',
      'network.io.direction': 'outbound',
      'network.community_id': communityId({ transport, local, remote }),
      'telegen.socket.cookie': '1a2b',
      'telegen.attribution': 'socket',
      'process.pid': 12345,
      'process.parent_pid': 1200,
      'process.executable.name': 'shell',
      'process.executable.path': '/tmp/shell',
      'process.command_line': '/tmp/shell --password=***',
      'process.creation.time': '2024-01-15T10:29:59.123Z',
      'process.user.id': 1000,
      'process.user.name': 'app',
      'telegen.process.ancestors': ['/usr/bin/bash', '/usr/sbin/sshd'],
      'container.id': 'c0ffee',
      'k8s.pod.name': 'compromised-pod',
      'k8s.pod.uid': 'uid-1',
      'k8s.namespace.name': 'default',
    });
  });

  it('leaves out what is unknown', () => {
    const bare = connection({
      role: 'unknown',
      local: { ip: ip('0.0.0.0'), port: 0 },
      socketId: 0,
      owner: undefined,
      process: undefined,
      workload: undefined,
      attribution: 'unknown',
    });
    expect(connectionAttributes(bare)).toEqual({
      'event.name': 'connection',
      'telegen.phase': 'attempted',
      'net.peer.ip': '198.51.100.50',
      'net.peer.port': 4444,
      'network.transport': 'tcp',
      'network.type': 'ipv4',
      'telegen.attribution': 'unknown',
    });
  });

  it('names pid, parent, user and command of the owner when the process is not known', () => {
    const attributes = connectionAttributes(connection({ process: undefined }));
    expect(attributes).toMatchObject({
      'process.pid': 12345,
      'process.parent_pid': 1200,
      'process.executable.name': 'shell',
      'process.user.id': 1000,
    });
    expect(attributes).not.toHaveProperty('process.executable.path');
  });

  it.each([
    [
      'inbound over IPv6',
      {
        role: 'server',
        remote: { ip: ip('2001:db8::1'), port: 9 },
        local: { ip: ip('2001:db8::2'), port: 80 },
      },
      { 'network.io.direction': 'inbound', 'network.type': 'ipv6', 'net.peer.ip': '2001:db8::1' },
    ],
    ['UDP', { transport: 'udp' }, { 'network.transport': 'udp' }],
    [
      'the user root',
      { process: { pid: 1, key: 'k', name: 'init', userId: 0, ancestors: [] } },
      { 'process.user.id': 0 },
    ],
    [
      'a failure',
      { phase: 'failed', reason: 'refused', errno: 111 },
      { 'telegen.end_reason': 'refused', 'telegen.errno': 111 },
    ],
    [
      'the end with its counters',
      { phase: 'closed', reason: 'closed', stats: STATS },
      {
        'telegen.bytes_sent': 10,
        'telegen.bytes_received': 20,
        'telegen.segments_sent': 3,
        'telegen.segments_received': 4,
        'telegen.retransmits': 0,
        'telegen.rtt_us': 150,
        'telegen.duration_ms': 12.5,
      },
    ],
  ] as const)('tells %s', (_name, overrides, expected) => {
    expect(connectionAttributes(connection(overrides))).toMatchObject(expected);
  });

  it('has only the round-trip time of stats before the end, and no time that was never measured', () => {
    const attributes = connectionAttributes(connection({ phase: 'established', stats: STATS }));
    expect(attributes).toMatchObject({ 'telegen.rtt_us': 150 });
    expect(attributes).not.toHaveProperty('telegen.min_rtt_us');
    expect(attributes).not.toHaveProperty('telegen.bytes_sent');
  });

  it('has no Community ID when the ends do not belong together', () => {
    const odd = connection({ local: { ip: ip('2001:db8::2'), port: 1 } });
    expect(connectionAttributes(odd)).not.toHaveProperty('network.community_id');
  });
});

it.each([
  ['nothing is missing', {}, undefined],
  ['the server cut the response', { truncated: true }, true],
  ['the response could not be read to its end', { truncated: false, partial: true }, true],
  ['all was read', { truncated: false, partial: false }, undefined],
])('telegen.partial of DNS: %s', (_, some, expected) => {
  const { kind: _kind, phase: _phase, ...facts } = connection();
  const dns = {
    id: 1,
    questionName: 'a',
    questionType: 'A',
    outcome: 'answered',
    retries: 0,
    ...some,
  } as const;
  expect(eventAttributes({ ...facts, kind: 'dns', dns })['telegen.partial']).toBe(expected);
});

describe('eventAttributes', () => {
  const { owner } = connection();

  it('masks the arguments of a new process', () => {
    const args = ['mysql', '-ps3cret', '--token', 'x'];
    const event = {
      kind: 'process',
      action: 'exec',
      timeMs: 0,
      owner: owner!,
      filename: '/bin/mysql',
      args,
    } as const;
    expect(eventAttributes(event)).toEqual({
      'event.name': 'process',
      'telegen.phase': 'exec',
      'process.pid': 12345,
      'process.parent_pid': 1200,
      'process.executable.name': 'shell',
      'process.user.id': 1000,
      'process.executable.path': '/bin/mysql',
      'process.command_line': 'mysql -p*** --token ***',
    });
  });

  it.each([
    ['absolute', '/bin/a', undefined, '/bin/a'],
    ['relative', './a', undefined, undefined],
    ['known better', './a', '/opt/a', '/opt/a'],
  ])('takes a path that is %s', (_name, filename, executablePath, expected) => {
    const event = { kind: 'process', action: 'exec', timeMs: 0, owner: owner!, filename } as const;
    const full = executablePath === undefined ? event : { ...event, executablePath };
    expect(eventAttributes(full)['process.executable.path']).toBe(expected);
  });

  it('tells a loss', () => {
    expect(
      eventAttributes({ kind: 'loss', timeMs: 0, what: 'connection', reason: 'ring_full', count: 7 }),
    ).toEqual({
      'event.name': 'loss',
      'telegen.loss.kind': 'connection',
      'telegen.loss.reason': 'ring_full',
      'telegen.count': 7,
    });
  });
});

it.each([
  [TIME_MS + 0.9, '2024-01-15T10:30:00.123Z'],
  [0, '1970-01-01T00:00:00.000Z'],
  [Number.NaN, '1970-01-01T00:00:00.000Z'],
  [Number.POSITIVE_INFINITY, '+275760-09-13T00:00:00.000Z'],
])('isoTime(%d)', (ms, expected) => {
  expect(isoTime(ms)).toBe(expected);
});
