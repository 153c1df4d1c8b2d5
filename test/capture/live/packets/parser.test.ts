import { afterAll, describe, expect, it } from 'vitest';
import type { ServiceCounts } from '../../../../src/model/packets.ts';
import { formatIp } from '../../../../src/net/ip.ts';
import { loadPrivately, type PacketProgram, type PrivatePrograms } from '../../../support/packet-programs.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  extension,
  fields,
  fragmentHeader,
  icmp,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
} from '../../../support/packets.ts';

const isRoot = process.getuid?.() === 0;
const PROGRAMS: readonly PacketProgram[] = ['tg_xdp', 'tg_tc_ingress', 'tg_tc_egress'];
const SRC6 = '2001:db8::1';

const four = (payload: Bytes): Bytes => ethernet(ETHER.ipv4, payload);
const six = (payload: Bytes): Bytes => ethernet(ETHER.ipv6, payload);
const segment = (flags: string): Bytes => four(ipv4({ protocol: PROTO.tcp }, tcp({ dstPort: 80, flags })));
const cut = (frame: Bytes, bytes: number): Bytes => frame.subarray(0, bytes);
/** `count` extension headers in front of `payload`. */
const extended = (count: number, next: number, payload: Bytes): Bytes => {
  let inner = payload;
  let inside = next;
  for (let i = 0; i < count; i++) {
    inner = extension(inside, inner);
    inside = 60;
  }
  return six(ipv6({ protocol: count > 0 ? 60 : next }, inner));
};

type Flags = Partial<
  Pick<ServiceCounts, 'syn' | 'synAck' | 'rst' | 'fin' | 'nullFlags' | 'finOnly' | 'xmas'>
>;
interface Row extends Flags {
  readonly name: string;
  readonly frame: Bytes;
  /** Protocol and destination port. */
  readonly is: string;
  /** Source address; `-` when there is none. */
  readonly from: string;
  readonly malformed?: 0 | 1;
}

const V4 = '192.0.2.1';
const tcpHead = tcp({ dstPort: 443 });
const ROWS: readonly Row[] = [
  { name: 'TCP over IPv4', frame: segment('A'), is: 'tcp 80', from: V4 },
  { name: 'SYN', frame: segment('S'), is: 'tcp 80', from: V4, syn: 1 },
  { name: 'SYN and ACK', frame: segment('SA'), is: 'tcp 80', from: V4, synAck: 1 },
  { name: 'RST', frame: segment('R'), is: 'tcp 80', from: V4, rst: 1 },
  { name: 'RST and ACK', frame: segment('RA'), is: 'tcp 80', from: V4, rst: 1 },
  { name: 'FIN and ACK', frame: segment('FA'), is: 'tcp 80', from: V4, fin: 1 },
  { name: 'FIN, PSH and ACK', frame: segment('FPA'), is: 'tcp 80', from: V4, fin: 1 },
  { name: 'FIN alone', frame: segment('F'), is: 'tcp 80', from: V4, fin: 1, finOnly: 1 },
  { name: 'no flag', frame: segment(''), is: 'tcp 80', from: V4, nullFlags: 1 },
  { name: 'FIN, PSH and URG', frame: segment('FPU'), is: 'tcp 80', from: V4, fin: 1, xmas: 1 },
  { name: 'PSH and ACK', frame: segment('PA'), is: 'tcp 80', from: V4 },
  { name: 'SYN and FIN', frame: segment('SF'), is: 'tcp 80', from: V4, syn: 1, fin: 1 },
  {
    name: 'TCP with options and payload',
    frame: four(
      ipv4({ protocol: PROTO.tcp }, tcp({ dstPort: 25, options: new Uint8Array(12) }, text('EHLO'))),
    ),
    is: 'tcp 25',
    from: V4,
  },
  {
    name: 'IPv4 options',
    frame: four(ipv4({ protocol: PROTO.tcp, options: new Uint8Array(40).fill(1) }, tcpHead)),
    is: 'tcp 443',
    from: V4,
  },
  { name: 'UDP', frame: four(ipv4({ protocol: PROTO.udp }, udp({}, text('?')))), is: 'udp 53', from: V4 },
  {
    name: 'ICMP',
    frame: four(ipv4({ protocol: PROTO.icmp }, icmp(8, 0, text('ping')))),
    is: 'icmp 0',
    from: V4,
  },
  {
    name: 'GRE is another protocol',
    frame: four(ipv4({ protocol: 47 }, new Uint8Array(8))),
    is: 'other 0',
    from: V4,
  },
  {
    name: 'ICMPv6 over IPv4',
    frame: four(ipv4({ protocol: 58 }, icmp(128, 0, text('')))),
    is: 'other 0',
    from: V4,
  },
  { name: 'IPv6', frame: six(ipv6({ protocol: PROTO.tcp }, tcpHead)), is: 'tcp 443', from: SRC6 },
  {
    name: 'UDP over IPv6',
    frame: six(ipv6({ protocol: PROTO.udp }, udp({}, text('?')))),
    is: 'udp 53',
    from: SRC6,
  },
  {
    name: 'ICMPv6',
    frame: six(ipv6({ protocol: PROTO.icmpv6 }, icmp(128, 0, text('')))),
    is: 'icmpv6 0',
    from: SRC6,
  },
  {
    name: 'ICMP over IPv6',
    frame: six(ipv6({ protocol: 1 }, icmp(8, 0, text('')))),
    is: 'other 0',
    from: SRC6,
  },
  {
    name: 'no next header',
    frame: six(ipv6({ protocol: 59 }, new Uint8Array(0))),
    is: 'other 0',
    from: SRC6,
  },
  { name: 'one extension header', frame: extended(1, PROTO.tcp, tcpHead), is: 'tcp 443', from: SRC6 },
  { name: 'seven extension headers', frame: extended(7, PROTO.tcp, tcpHead), is: 'tcp 443', from: SRC6 },
  {
    name: 'too many of them',
    frame: extended(9, PROTO.tcp, tcpHead),
    is: 'other 0',
    from: SRC6,
    malformed: 1,
  },
  ...[0, 43, 60].map(
    (protocol): Row => ({
      name: `extension header ${protocol} of 24 bytes`,
      frame: six(ipv6({ protocol }, extension(PROTO.udp, udp({ dstPort: 123 }, text('?')), 2))),
      is: 'udp 123',
      from: SRC6,
    }),
  ),
  {
    name: 'authentication header',
    frame: six(ipv6({ protocol: 51 }, concat(fields([8, 6], [8, 4], [16, 0]), new Uint8Array(20), tcpHead))),
    is: 'tcp 443',
    from: SRC6,
  },
  {
    name: 'extension header that is cut off',
    frame: six(ipv6({ protocol: 60 }, fields([8, 6], [8, 0]))),
    is: 'other 0',
    from: SRC6,
    malformed: 1,
  },
  {
    name: 'extension header that leads out of the frame',
    frame: six(ipv6({ protocol: 60 }, concat(fields([8, 6], [8, 255]), new Uint8Array(6)))),
    is: 'tcp 0',
    from: SRC6,
    malformed: 1,
  },
  {
    name: 'first fragment',
    frame: four(ipv4({ protocol: PROTO.udp, more: true }, udp({}, text('12345678')))),
    is: 'udp 53',
    from: V4,
  },
  {
    name: 'later fragment',
    frame: four(ipv4({ protocol: PROTO.udp, offset: 1480 }, text('12345678'))),
    is: 'udp 0',
    from: V4,
  },
  {
    name: 'later fragment of TCP',
    frame: four(ipv4({ protocol: 6, offset: 8 }, tcpHead)),
    is: 'tcp 0',
    from: V4,
  },
  {
    name: 'later fragment of ICMP',
    frame: four(ipv4({ protocol: 1, offset: 8 }, tcpHead)),
    is: 'icmp 0',
    from: V4,
  },
  {
    name: 'later fragment of GRE',
    frame: four(ipv4({ protocol: 47, offset: 8 }, tcpHead)),
    is: 'other 0',
    from: V4,
  },
  ...(
    [
      [0, 'udp 53'],
      [8, 'udp 0'],
    ] as const
  ).map(
    ([offset, is]): Row => ({
      name: `IPv6 fragment at ${offset}`,
      frame: six(
        ipv6(
          { protocol: 44 },
          fragmentHeader({ next: 17, id: 1, offset, more: true }, udp({}, text('1234'))),
        ),
      ),
      is,
      from: SRC6,
    }),
  ),
  ...([6, 58, 47] as const).map(
    (next): Row => ({
      name: `later IPv6 fragment of protocol ${next}`,
      frame: six(ipv6({ protocol: 44 }, fragmentHeader({ next, id: 1, offset: 64, more: false }, tcpHead))),
      is: { 6: 'tcp 0', 58: 'icmpv6 0', 47: 'other 0' }[next],
      from: SRC6,
    }),
  ),
  { name: 'ARP', frame: ethernet(ETHER.arp, new Uint8Array(28)), is: 'other 0', from: '-' },
  { name: 'cut off in TCP', frame: cut(segment('S'), 14 + 20 + 19), is: 'tcp 0', from: V4, malformed: 1 },
  {
    name: 'cut off in UDP',
    frame: cut(four(ipv4({ protocol: 17 }, udp({}, text('')))), 14 + 27),
    is: 'udp 0',
    from: V4,
    malformed: 1,
  },
  {
    name: 'cut off in ICMP',
    frame: cut(four(ipv4({ protocol: 1 }, icmp(8, 0, text('')))), 14 + 27),
    is: 'icmp 0',
    from: V4,
    malformed: 1,
  },
  {
    name: 'IPv4 of version 5',
    frame: four(patch(ipv4({ protocol: 6 }, tcpHead), 0, 0x55)),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
  {
    name: 'IPv4 header of 16 bytes',
    frame: four(patch(ipv4({ protocol: 6 }, tcpHead), 0, 0x44)),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
  {
    name: 'IPv4 longer header than frame',
    frame: four(patch(ipv4({ protocol: 6 }, new Uint8Array(0)), 0, 0x4f)),
    is: 'other 0',
    from: V4,
    malformed: 1,
  },
  {
    name: 'IPv4 shorter than its header',
    frame: four(ipv4({ protocol: 6, totalLength: 19 }, tcpHead)),
    is: 'other 0',
    from: V4,
    malformed: 1,
  },
  {
    name: 'IPv4 of more than 64 KiB, put together',
    frame: four(ipv4({ protocol: 6, totalLength: 0 }, tcpHead)),
    is: 'tcp 443',
    from: V4,
  },
  {
    name: 'IPv6 of version 4',
    frame: six(patch(ipv6({ protocol: 6 }, tcpHead), 0, 0x40)),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
  {
    name: 'TCP header of 16 bytes',
    frame: four(ipv4({ protocol: 6 }, patch(tcpHead, 12, 0x40))),
    is: 'tcp 443',
    from: V4,
    malformed: 1,
  },
];

/** Tags that lie in the frame (TC programs get them beside it), and what no test run of a TC program takes. */
const XDP_ONLY: readonly Row[] = [
  { name: 'cut off in IPv4', frame: cut(segment('A'), 14 + 19), is: 'other 0', from: '-', malformed: 1 },
  {
    name: 'cut off in IPv6',
    frame: cut(six(ipv6({ protocol: 6 }, tcpHead)), 14 + 39),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
  {
    name: 'VLAN',
    frame: ethernet(ETHER.vlan, vlan(7, ETHER.ipv4, ipv4({ protocol: 6 }, tcpHead))),
    is: 'tcp 443',
    from: V4,
  },
  {
    name: 'QinQ',
    frame: ethernet(ETHER.qinq, vlan(7, ETHER.vlan, vlan(8, ETHER.ipv6, ipv6({ protocol: 6 }, tcpHead)))),
    is: 'tcp 443',
    from: SRC6,
  },
  {
    name: 'three tags',
    frame: ethernet(
      ETHER.qinq,
      vlan(7, ETHER.vlan, vlan(8, ETHER.vlan, vlan(9, ETHER.ipv4, ipv4({ protocol: 6 }, tcpHead)))),
    ),
    is: 'other 0',
    from: '-',
  },
  {
    name: 'cut off in the tag',
    frame: cut(ethernet(ETHER.vlan, vlan(7, ETHER.ipv4, new Uint8Array(0))), 17),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
  {
    name: 'an Ethernet header alone',
    frame: ethernet(ETHER.ipv4, new Uint8Array(0)),
    is: 'other 0',
    from: '-',
    malformed: 1,
  },
];

function patch(bytes: Bytes, at: number, value: number): Bytes {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

describe.skipIf(!isRoot)(`packet parser ${isRoot ? '' : '(SKIP: needs root)'}`, () => {
  const programs: PrivatePrograms | undefined = isRoot ? loadPrivately() : undefined;
  afterAll(() => programs?.close());

  const seen = (program: PacketProgram, frame: Bytes) => {
    const { run, window, stats } = programs as PrivatePrograms;
    const before = stats().malformed;
    run(program, frame);
    const { total, services, sources, destinations, senders } = window(
      program === 'tg_tc_egress' ? 'outbound' : 'inbound',
    );
    const { syn, synAck, rst, fin, nullFlags, finOnly, xmas } = total;
    return {
      is: services.map(({ protocol, port }) => `${protocol} ${port}`).join(),
      from: sources.map(({ ip }) => formatIp(ip)).join() || '-',
      to: destinations.length,
      packets: total.packets,
      bytes: total.bytes,
      small: total.small,
      flags: [syn, synAck, rst, fin, nullFlags, finOnly, xmas],
      senders: senders?.length ?? 0,
      malformed: stats().malformed - before,
    };
  };

  const wanted = ({ is, from, frame, malformed = 0, ...flags }: Row) => {
    const { syn = 0, synAck = 0, rst = 0, fin = 0, nullFlags = 0, finOnly = 0, xmas = 0 } = flags;
    return {
      is,
      from,
      to: from === '-' ? 0 : 1,
      packets: 1,
      bytes: frame.length,
      small: frame.length <= 128 ? 1 : 0,
      flags: [syn, synAck, rst, fin, nullFlags, finOnly, xmas],
      senders: 0,
      malformed,
    };
  };

  describe.each(PROGRAMS)('%s', (program) => {
    it.each(ROWS)('$name', (row) => {
      expect(seen(program, row.frame)).toEqual(wanted(row));
    });
  });

  it.each(XDP_ONLY)('tg_xdp: $name', (row) => {
    expect(seen('tg_xdp', row.frame)).toEqual(wanted(row));
  });

  it('every cut of every frame is counted once, by every program that takes it', () => {
    const { run, window } = programs as PrivatePrograms;
    let runs = 0;
    for (const { frame } of [...ROWS, ...XDP_ONLY])
      for (let bytes = 14; bytes <= frame.length; bytes++, runs++) run('tg_xdp', cut(frame, bytes));
    expect(window().total.packets).toBe(runs);
  });

  it('small is what has at most 128 bytes', () => {
    const sized = (bytes: number): Bytes =>
      four(ipv4({ protocol: 17 }, udp({}, new Uint8Array(bytes - 14 - 20 - 8))));
    expect([128, 129].map((bytes) => seen('tg_xdp', sized(bytes)).small)).toEqual([1, 0]);
  });
});
