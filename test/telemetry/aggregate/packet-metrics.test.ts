import { expect, test } from 'vitest';
import { portClass } from '../../../src/telemetry/aggregate/packet-metrics.ts';
import { createTalkers } from '../../../src/telemetry/aggregate/talkers.ts';
import { TIME_MS } from '../../alerts/fixtures.ts';
import { ip, NO_PACKETS, packetRate, probe } from '../../support/packet-events.ts';
import { createWorld, owner } from '../support/aggregate.ts';

test.each([
  [0, 'none'],
  [1, 'system'],
  [1023, 'system'],
  [1024, 'user'],
  [49_151, 'user'],
  [49_152, 'dynamic'],
  [65_535, 'dynamic'],
])('port %i is %s', (port, expected) => expect(portClass(port)).toBe(expected));

test('windows are counted by protocol and class of port; what filters leave out, apart', () => {
  const { see, values } = createWorld();
  const window = packetRate(
    [
      { protocol: 'tcp', port: 443, packets: 10, bytes: 1000, syn: 2, synAck: 1, small: 4 },
      { protocol: 'tcp', port: 80, packets: 5, bytes: 500, xmas: 1, fin: 1 },
      { protocol: 'udp', port: 60_000, packets: 3, bytes: 300 },
      { protocol: 'icmp', port: 0, packets: 2, bytes: 200 },
      { protocol: 'udp', port: 0, packets: 8, bytes: 800, small: 7 },
    ],
    { filteredOut: [{ ...NO_PACKETS, protocol: 'udp', port: 0, packets: 7, bytes: 700 }] },
  );
  see(window);
  see({ ...window, direction: 'outbound', interface: 'eth1' });
  see(window);
  const inbound = 'interface="eth0",direction="inbound"';
  expect(values('telegen_xdp_packets')).toMatchObject({
    [`${inbound},protocol="tcp",port_class="system"`]: 30,
    [`${inbound},protocol="udp",port_class="dynamic"`]: 6,
    [`${inbound},protocol="icmp",port_class="none"`]: 4,
    [`${inbound},protocol="udp",port_class="none"`]: 2,
    'interface="eth1",direction="outbound",protocol="icmp",port_class="none"': 2,
  });
  expect(values('telegen_xdp_bytes')[`${inbound},protocol="tcp",port_class="system"`]).toBe(3000);
  expect(values('telegen_xdp_filtered_packets')[`${inbound},protocol="udp"`]).toBe(14);
  expect(values('telegen_xdp_small_packets')[inbound]).toBe(22);
  expect(values('telegen_xdp_flag_packets')).toMatchObject({
    [`${inbound},flags="syn"`]: 4,
    [`${inbound},flags="syn_ack"`]: 2,
    [`${inbound},flags="xmas"`]: 2,
    [`${inbound},flags="fin"`]: 2,
  });
  expect(values('telegen_xdp_flag_packets')[`${inbound},flags="rst"`]).toBeUndefined();
});

test('probes are counted by kind and answer', () => {
  const { see, values } = createWorld();
  see(probe());
  see(probe({ port: 23 }));
  see(probe({ probe: 'udp', answer: 'none' }));
  expect(values('telegen_xdp_probes')).toEqual({
    'interface="eth0",kind="syn",answer="rst"': 2,
    'interface="eth0",kind="udp",answer="none"': 1,
  });
});

test('samples are scaled back, and counted at the lower port', () => {
  const { aggregator, values } = createWorld({ packetSampleRate: 100 });
  const sample = {
    timeMs: TIME_MS,
    interface: 'eth0',
    direction: 'inbound',
    protocol: 'tcp',
    sourcePort: 443,
    port: 50_000,
    wireSize: 1500,
    packets: 3,
    payload: Buffer.from('SSH-2.0-x'),
  } as const;
  aggregator.onSample(sample);
  aggregator.onSample({ ...sample, payload: Buffer.from('....') });
  aggregator.onSample({ ...sample, payload: new Uint8Array(0) });
  aggregator.onSample({ ...sample, protocol: 'other' });
  const labels = 'interface="eth0",direction="inbound"';
  expect(values('telegen_xdp_application_packets')).toEqual({
    [`${labels},application="ssh",port_class="system"`]: 300,
    [`${labels},application="other",port_class="system"`]: 300,
  });
  expect(values('telegen_sample_rate')['signal="xdp"']).toBe(100);
});

test('the latest window of each side is remembered for a while, the busiest first', () => {
  const talkers = createTalkers();
  const end = { ip: ip('198.51.100.7'), packets: 5, bytes: 500, syn: 1 };
  const quiet = packetRate([{ protocol: 'udp', port: 53, packets: 1, bytes: 100 }]);
  const busy = packetRate([{ protocol: 'tcp', port: 443, packets: 5, bytes: 500, syn: 1 }], {
    interface: 'eth1',
    direction: 'outbound',
    intervalMs: 500,
    sources: [end],
    senders: [{ owner: owner('curl', 7), packets: 5, bytes: 500 }],
    sourcesSeen: 1,
  });
  talkers.onEvent(packetRate([{ protocol: 'udp', port: 53, packets: 9, bytes: 9_000_000 }]));
  for (const event of [quiet, busy]) talkers.onEvent(event);
  const [first, second] = talkers.snapshot(TIME_MS + 5_000);
  expect(first).toMatchObject({
    interface: 'eth1',
    packets_per_second: 10,
    bits_per_second: 8000,
    services: [{ protocol: 'tcp', port: 443, packets: 5, bytes: 500, syn: 1 }],
    sources: [{ ip: '198.51.100.7', packets: 5, bytes: 500, syn: 1 }],
    senders: [{ pid: 7, name: 'curl', packets: 5, bytes: 500 }],
  });
  expect(second).toMatchObject({ interface: 'eth0', packets: 1, senders: [] });
  expect(talkers.snapshot(TIME_MS + 10_000)).toEqual([]);
});
