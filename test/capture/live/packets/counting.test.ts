import { afterEach, describe, expect, it } from 'vitest';
import { PORT } from '../../../../src/capture/layout.gen.ts';
import { SampleReader } from '../../../../src/capture/live/packets/samples.ts';
import type { PacketSettings } from '../../../../src/capture/live/packets/settings.ts';
import type { PacketRateEvent } from '../../../../src/model/packets.ts';
import { formatIp } from '../../../../src/net/ip.ts';
import { FIRST_CLIENT_PORT, isAnswer } from '../../../../src/net/packet/answer.ts';
import { createPacketView } from '../../../../src/net/packet/packet-view.ts';
import { loadPrivately, type PrivatePrograms } from '../../../support/packet-programs.ts';
import {
  type Bytes,
  ETHER,
  ethernet,
  icmp,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
} from '../../../support/packets.ts';

const context = { epochOffsetMs: 0, nameOf: String };
const isRoot = process.getuid?.() === 0;

it('ports of clients begin where they do in the kernel programs', () => {
  expect(PORT.FIRST_OF_CLIENTS).toBe(FIRST_CLIENT_PORT);
});

const syn = (src: string, dstPort = 80): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ src, protocol: PROTO.tcp }, tcp({ dstPort, flags: 'S' })));
const datagram = (srcPort: number, dstPort: number, size = 20): Bytes =>
  ethernet(ETHER.ipv4, ipv4({ protocol: PROTO.udp }, udp({ srcPort, dstPort }, new Uint8Array(size))));
const segment6 = (dstPort: number): Bytes =>
  ethernet(ETHER.ipv6, ipv6({ protocol: PROTO.tcp }, tcp({ dstPort, flags: 'PA' }, text('x'.repeat(200)))));
const ping = ethernet(ETHER.ipv4, ipv4({ protocol: PROTO.icmp }, icmp(8, 0, text('ping'))));
const arp = ethernet(ETHER.arp, new Uint8Array(46));

/** `tcp/80 1000`, the busiest first; what of it was filtered out behind it. */
const services = ({ services: list, filteredOut = [] }: PacketRateEvent): string[] =>
  list.map(({ protocol, port, packets }) => {
    const left = filteredOut.find((each) => each.protocol === protocol && port === 0);
    return `${protocol}/${port} ${packets}${left === undefined ? '' : ` of it ${left.packets} filtered`}`;
  });

describe.skipIf(!isRoot)(`counting packets ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  let programs: PrivatePrograms | undefined;
  const load = (settings: Partial<PacketSettings> = {}): PrivatePrograms => {
    programs = loadPrivately(settings);
    return programs;
  };
  afterEach(() => {
    programs?.close();
    programs = undefined;
  });

  it('a million packets of a known mix: each class, service and source to the packet and byte', () => {
    const { run, window, stats } = load();
    const sources = Array.from({ length: 500 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255}`);
    let bytes = 0;
    const send = (frame: Bytes, count: number): void => {
      run('tg_xdp', frame, count);
      bytes += frame.length * count;
    };
    for (const [i, src] of sources.entries()) send(syn(src), 600 + 2 * i);
    send(datagram(5000, 53), 100_000);
    send(segment6(443), 90_000);
    send(ping, 9_000);
    send(arp, 1_500);
    send(datagram(5000, 123, 500), 250_000);
    const { total, services: list, sources: top, sourcesSeen } = window();
    const syns = sources.reduce((sum, _, i) => sum + 600 + 2 * i, 0);
    expect(total).toMatchObject({ packets: 1_000_000, bytes, syn: syns, synAck: 0 });
    expect(total.small).toBe(1_000_000 - 90_000 - 250_000);
    expect(services({ services: list } as PacketRateEvent)).toEqual([
      `tcp/80 ${syns}`,
      'udp/123 250000',
      'udp/53 100000',
      'tcp/443 90000',
      'icmp/0 9000',
      'other/0 1500',
    ]);
    // 500 of the SYNs, 1 of the other IPv4, 1 of IPv6.
    expect(sourcesSeen).toBe(502);
    expect(top.slice(0, 4).map(({ ip, packets }) => `${formatIp(ip)} ${packets}`)).toEqual([
      '192.0.2.1 359000',
      '2001:db8::1 90000',
      `${sources[499]} 1598`,
      `${sources[498]} 1596`,
    ]);
    expect(top).toHaveLength(20);
    expect(stats()).toMatchObject({ seen: 1_000_000, folded: 0, sources_untracked: 0 });
    expect(window().total?.packets ?? 0).toBe(0);
  });

  it.each<{ name: string; settings: Partial<PacketSettings>; expected: string[] }>([
    {
      name: 'ports, either end',
      settings: { ports: [53, 443] },
      expected: [
        'udp/0 50 of it 50 filtered',
        'tcp/443 40',
        'udp/4000 30',
        'udp/53 20',
        'icmp/0 10 of it 10 filtered',
        'other/0 5 of it 5 filtered',
      ],
    },
    {
      name: 'protocols',
      settings: { protocols: ['udp', 'icmp'] },
      expected: [
        'udp/123 50',
        'tcp/0 40 of it 40 filtered',
        'udp/4000 30',
        'udp/53 20',
        'icmp/0 10',
        'other/0 5 of it 5 filtered',
      ],
    },
    {
      name: 'both',
      settings: { protocols: ['tcp'], ports: [53, 443] },
      expected: [
        'udp/0 100 of it 100 filtered',
        'tcp/443 40',
        'icmp/0 10 of it 10 filtered',
        'other/0 5 of it 5 filtered',
      ],
    },
    {
      name: 'none',
      settings: {},
      expected: ['udp/123 50', 'tcp/443 40', 'udp/4000 30', 'udp/53 20', 'icmp/0 10', 'other/0 5'],
    },
  ])('filters: $name', ({ settings, expected }) => {
    const { run, window, stats } = load({ ...settings, sampleRate: 1 });
    run('tg_xdp', datagram(5000, 53), 20);
    run('tg_xdp', datagram(53, 4000), 30);
    run('tg_xdp', datagram(5000, 123), 50);
    run('tg_xdp', segment6(443), 40);
    run('tg_xdp', ping, 10);
    run('tg_xdp', arp, 5);
    const event = window();
    expect(services(event)).toEqual(expected);
    expect(event.total.packets).toBe(155);
    const sum = (list: readonly { readonly packets: number }[] = []): number =>
      list.reduce((all, { packets }) => all + packets, 0);
    expect(stats().samples).toBe(155 - sum(event.filteredOut));
    // Packets that are no IP have no source.
    const unaddressed = expected.includes('other/0 5') ? 5 : 0;
    expect(sum(event.sources)).toBe(stats().samples - unaddressed);
  });

  it.each<{ from: number; to: number; flags?: string; out?: boolean; port: number }>([
    { from: 443, to: 32_768, flags: 'A', port: 0 },
    { from: 443, to: 60_000, flags: 'SA', out: true, port: 0 },
    { from: 443, to: 60_000, flags: 'R', port: 60_000 },
    { from: 443, to: 60_000, flags: 'S', port: 60_000 },
    { from: 443, to: 32_767, flags: 'A', port: 32_767 },
    { from: 32_767, to: 32_768, flags: 'A', port: 0 },
    { from: 32_768, to: 50_051, flags: 'A', port: 50_051 },
    { from: 50_051, to: 60_000, flags: 'A', port: 60_000 },
    { from: 53, to: 60_000, out: true, port: 0 },
    { from: 53, to: 60_000, port: 60_000 },
    { from: 60_000, to: 53, out: true, port: 53 },
  ])('from $from to $to ($flags, out: $out): port $port, in the kernel and in a capture alike', (each) => {
    const { from: srcPort, to: dstPort, flags, out = false, port } = each;
    const none = new Uint8Array(0);
    const transport =
      flags === undefined ? udp({ srcPort, dstPort }, none) : tcp({ srcPort, dstPort, flags });
    const protocol = flags === undefined ? PROTO.udp : PROTO.tcp;
    const { run, window } = load();
    run(out ? 'tg_tc_egress' : 'tg_tc_ingress', ethernet(ETHER.ipv4, ipv4({ protocol }, transport)));
    expect(window(out ? 'outbound' : 'inbound').services.map((service) => service.port)).toEqual([port]);
    const bits = flags === undefined ? 0 : (transport[13] as number);
    const view = { ...createPacketView(), protocol, srcPort, dstPort, flags: bits };
    expect(isAnswer(view, out)).toBe(port === 0);
  });

  it('more services than there is room for are folded by protocol; nothing is lost', () => {
    const { run, window, stats, addon } = load();
    for (let port = 1; port <= 6000; port++) run('tg_xdp', datagram(50_000, port));
    const { total, services: list } = window();
    const folded = list.filter(({ port }) => port === 0);
    expect(total.packets).toBe(6000);
    expect(folded).toHaveLength(1);
    expect(folded[0]).toMatchObject({ protocol: 'udp', packets: stats().folded });
    expect(list.length - 1 + stats().folded).toBe(6000);
    // Of the table, and of the slots of each CPU.
    expect(list.length).toBeLessThanOrEqual(4096 + 256 * addon.possibleCpus());
    // Silent ones make room: the same again, and new ports find theirs.
    for (let round = 0; round < 3; round++) window();
    const before = stats().folded;
    for (let port = 6001; port <= 7000; port++) run('tg_xdp', datagram(50_000, port));
    expect([window().services.length, stats().folded - before]).toEqual([1000, 0]);
  });

  it('more sources than there is room for: those that are tracked are exact, the others are counted', () => {
    const { run, window, stats } = load();
    run('tg_xdp', syn('198.51.100.1'), 50);
    for (let i = 0; i < 25_000; i++) run('tg_xdp', syn(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
    run('tg_xdp', syn('198.51.100.1'), 50);
    const { sourcesSeen, sources, total } = window();
    expect(total.packets).toBe(25_100);
    expect(sources[0]).toMatchObject({ packets: 100, syn: 100 });
    expect(sourcesSeen + stats().sources_untracked).toBe(25_001);
    expect(sourcesSeen).toBeGreaterThan(16_384);
    expect(sourcesSeen).toBeLessThanOrEqual(16_384 + 4_096);
    // All of them silent: the next ones find room.
    window();
    run('tg_xdp', syn('203.0.113.77'), 3);
    expect(window().sources.map(({ ip, packets }) => `${formatIp(ip)} ${packets}`)).toEqual([
      '203.0.113.77 3',
    ]);
  });

  it('samples 1 in 1000, within what chance allows, and shows their heads', () => {
    const { run, stats, addon, object } = load({ sampleRate: 1000 });
    const count = 1_000_000;
    run('tg_xdp', datagram(5000, 53), count);
    const { samples, samples_lost: lost } = stats();
    expect(lost).toBe(0);
    // Six standard deviations.
    expect(Math.abs(samples - count / 1000)).toBeLessThan(6 * Math.sqrt(count / 1000));
    let read = 0;
    new SampleReader(addon, object).read(context, (sample) => {
      read += 1;
      expect(sample).toMatchObject({ protocol: 'udp', port: 53, sourcePort: 5000, wireSize: 62, packets: 1 });
      expect([...sample.payload]).toEqual(Array.from({ length: 20 }, () => 0));
    });
    expect(read).toBe(samples);
  });

  it('a sample shows payload without what pads the frame, and at most 96 bytes of it', () => {
    const { run, addon, object } = load({ sampleRate: 1 });
    const padded = (payload: string): Bytes => {
      const packet = ipv4({ protocol: PROTO.tcp }, tcp({ dstPort: 80 }, text(payload)));
      return ethernet(ETHER.ipv4, new Uint8Array([...packet, ...new Uint8Array(30)]));
    };
    const long = `GET /${'a'.repeat(200)}`;
    for (const payload of ['', 'G', 'GET /', long]) run('tg_tc_ingress', padded(payload));
    const shown: string[] = [];
    new SampleReader(addon, object).read(context, ({ payload }) =>
      shown.push(Buffer.from(payload).toString()),
    );
    expect(shown).toEqual(['', 'G', 'GET /', long.slice(0, 96)]);
  });

  it('samples that find no room are counted, and cost nothing else', () => {
    const { run, stats, window } = load({ sampleRate: 1 });
    run('tg_xdp', datagram(5000, 53), 20_000);
    const { samples, samples_lost: lost } = stats();
    expect(samples + lost).toBe(20_000);
    expect(lost).toBeGreaterThan(0);
    expect(window().total.packets).toBe(20_000);
  });
});
