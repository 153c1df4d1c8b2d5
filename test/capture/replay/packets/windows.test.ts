import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp } from '../../../../src/net/ip.ts';
import {
  BEGIN_NS,
  enhancedPacket,
  interfaceBlock,
  sectionHeader,
  type TimedPacket,
} from '../../../support/capture-files.ts';
import { concat, ETHER, ethernet, icmp, ip, PROTO, tcp, udp, vlan } from '../../../support/packets.ts';
import { watched } from './watched.ts';

const BEGIN_MS = Number(BEGIN_NS / 1_000_000n);
const [HOME, AWAY] = ['10.0.0.1', '198.51.100.7'];

function packet(
  ms: number,
  protocol: number,
  payload: Uint8Array,
  { src = AWAY, dst = HOME } = {},
): TimedPacket {
  const type = src.includes(':') ? ETHER.ipv6 : ETHER.ipv4;
  return {
    bytes: ethernet(type, ip({ src, dst, protocol }, payload)),
    timeNs: BEGIN_NS + BigInt(Math.round(ms * 1e6)),
  };
}
const syn = (ms: number, port = 80, ends = {}) =>
  packet(ms, PROTO.tcp, tcp({ dstPort: port, flags: 'S' }), ends);

test('a window for each second and direction, at the end of the second, and none for silence', async () => {
  const { windows } = await watched([
    syn(100),
    syn(900),
    syn(1_100),
    syn(60_500),
    syn(60_600, 80, { src: HOME, dst: AWAY }),
  ]);
  expect(
    windows.map(({ timeMs, intervalMs, direction, total }) => [
      timeMs - BEGIN_MS,
      intervalMs,
      direction,
      total.packets,
    ]),
  ).toEqual([
    [1_000, 1_000, 'inbound', 2],
    [2_000, 1_000, 'inbound', 1],
    [61_000, 1_000, 'inbound', 1],
    [61_000, 1_000, 'outbound', 1],
  ]);
});

test('counts by flag and size, over the whole frame', async () => {
  const flags = ['S', 'SA', 'RA', 'FA', '', 'F', 'FPU', 'PA'];
  const packets = flags.map((letters, index) =>
    packet(index, PROTO.tcp, tcp({ dstPort: 80, flags: letters })),
  );
  const large = packet(10, PROTO.tcp, tcp({ dstPort: 80, flags: 'PA' }, new Uint8Array(200)));
  const { windows } = await watched([...packets, large]);
  expect(windows[0]?.total).toEqual({
    packets: 9,
    bytes: 9 * 54 + 200,
    small: 8,
    syn: 1,
    synAck: 1,
    rst: 1,
    fin: 3,
    nullFlags: 1,
    finOnly: 1,
    xmas: 1,
  });
});

describe('services', () => {
  const ports = async (...packets: readonly TimedPacket[]) =>
    (await watched(packets)).windows.map(({ services }) =>
      services.map(({ protocol, port, packets: count }) => `${protocol}/${port} ${count}`),
    );

  test('by protocol and destination port; none for protocols without ports', async () => {
    const told = await ports(
      syn(1),
      syn(2, 443),
      packet(3, PROTO.udp, udp({ dstPort: 53 }, new Uint8Array(4))),
      packet(4, PROTO.icmp, icmp(8, 0, new Uint8Array(4))),
      packet(5, PROTO.icmpv6, icmp(128, 0, new Uint8Array(4)), { src: '2001:db8::1', dst: 'fd00::1' }),
      { bytes: ethernet(ETHER.arp, new Uint8Array(28)), timeNs: BEGIN_NS },
    );
    expect(told).toEqual([['tcp/80 1', 'tcp/443 1', 'udp/53 1', 'icmp/0 1', 'icmpv6/0 1', 'other/0 1']]);
  });

  test('beyond 1,024 of a window they are folded, and the sums stay exact', async () => {
    const { windows } = await watched(
      Array.from({ length: 3_000 }, (_, index) => syn(index / 10, index + 1)),
    );
    const [window] = windows;
    expect(window?.services).toHaveLength(1_025);
    expect(window?.services.find(({ port }) => port === 0)?.packets).toBe(3_000 - 1_024);
    expect(window?.total.packets).toBe(3_000);
  });
});

test('the busiest ends, and how many sources there were', async () => {
  const packets = Array.from({ length: 300 }, (_, index) => {
    const source = Math.floor(Math.sqrt(index));
    return syn(index, 80, { src: `198.51.100.${source + 1}` });
  });
  const { windows } = await watched(packets);
  const [window] = windows;
  expect(window?.sourcesSeen).toBe(18);
  expect(
    window?.sources.slice(0, 2).map(({ ip: address, packets: count }) => [formatIp(address), count]),
  ).toEqual([
    ['198.51.100.17', 33],
    ['198.51.100.16', 31],
  ]);
  expect(window?.destinations.map(({ ip: address, ...counts }) => [formatIp(address), counts])).toEqual([
    [HOME, { packets: 300, bytes: 300 * 54, syn: 300 }],
  ]);
});

test('interfaces are counted apart, by the names that the capture has for them', async () => {
  const blocks = [0, 1].flatMap((interfaceId) =>
    [1, 2].map((ms) => {
      const { bytes, timeNs } = syn(ms);
      return enhancedPacket(true, { bytes, timeNs, interfaceId }, timeNs / 1_000n);
    }),
  );
  const file = concat(sectionHeader(), interfaceBlock(true), interfaceBlock(true), ...blocks);
  expect(
    (await watched({ file })).windows.map(({ interface: name, total }) => [name, total.packets]),
  ).toEqual([
    ['lab0', 2],
    ['lab0', 2],
  ]);
  expect((await watched([syn(1)])).windows[0]?.interface).toBe('if0');
});

test('tagged frames count with their tags', async () => {
  const inner = ip({ src: AWAY, dst: HOME, protocol: PROTO.tcp }, tcp({ flags: 'S' }));
  const bytes = ethernet(ETHER.vlan, vlan(7, ETHER.ipv4, inner));
  const { windows } = await watched([{ bytes, timeNs: BEGIN_NS }]);
  expect(windows[0]?.total).toMatchObject({ packets: 1, bytes: 58, syn: 1 });
});

test('every packet is counted once, in the sums, the services and at its ends', async () => {
  const some = fc.record({
    ms: fc.integer({ min: 0, max: 5_000 }),
    src: fc.integer({ min: 1, max: 200 }),
    port: fc.integer({ min: 1, max: 65_535 }),
    isUdp: fc.boolean(),
    isOut: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 300 }), async (all) => {
      const packets = all
        .toSorted((a, b) => a.ms - b.ms)
        .map(({ ms, src, port, isUdp, isOut }) => {
          const far = `198.51.100.${src}`;
          const ends = isOut ? { src: HOME, dst: far } : { src: far, dst: HOME };
          return isUdp
            ? packet(ms, PROTO.udp, udp({ dstPort: port }, new Uint8Array(3)), ends)
            : packet(ms, PROTO.tcp, tcp({ dstPort: port }), ends);
        });
      const { windows } = await watched(packets);
      const sum = (counts: readonly { packets: number }[]) =>
        counts.reduce((total, each) => total + each.packets, 0);
      expect(sum(windows.map(({ total }) => total))).toBe(all.length);
      expect(sum(windows.flatMap(({ services }) => services))).toBe(all.length);
      expect(sum(windows.filter(({ direction }) => direction === 'outbound').map(({ total }) => total))).toBe(
        all.filter(({ isOut }) => isOut).length,
      );
      for (const { sources, destinations, total, sourcesSeen } of windows) {
        if (sourcesSeen <= 20) expect(sum(sources)).toBe(total.packets);
        expect(sum(destinations)).toBeLessThanOrEqual(total.packets);
      }
    }),
    { numRuns: 40 },
  );
});
