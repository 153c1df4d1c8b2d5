import { describe, expect, test } from 'vitest';
import { unreachableReason } from '../../../src/net/packet/icmp.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  extension,
  fields,
  fragmentHeader,
  geneve,
  icmp,
  ip,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vxlan,
} from '../../support/packets.ts';
import { decodeAll, endsOf, V4, V4_ENDS } from './frames.ts';

describe('UDP that is no tunnel stays UDP', () => {
  const rows: readonly (readonly [string, number, Bytes])[] = [
    ['DNS', 53, text('question')],
    ['port of VXLAN, other flags', 4789, vxlan(1, V4, 0x00)],
    ['port of VXLAN, reserved bits', 4789, concat(fields([32, 0x08000001], [32, 0]), V4)],
    ['port of VXLAN, four bytes', 4789, text('four')],
    [
      'port of Geneve, version 1',
      6081,
      concat(Uint8Array.of(0x40), geneve(1, { type: ETHER.ipv4 }, V4).subarray(1)),
    ],
    ['port of Geneve, unknown payload', 6081, geneve(1, { type: 0x1234 }, V4)],
  ];
  test.each(rows)('%s', (_, dstPort, payload) => {
    const bytes = ethernet(ETHER.ipv4, ipv4({ protocol: PROTO.udp }, udp({ dstPort }, payload)));
    const { ends, decoder } = decodeAll([bytes]);
    expect(ends).toBe(`192.0.2.1:50000 198.51.100.2:${dstPort}`);
    expect(decoder.view.end - decoder.view.at).toBe(payload.length);
    expect([decoder.counters.udp, decoder.view.tunnel]).toEqual([1, 0]);
  });
});

describe('TCP', () => {
  const view = (head: Parameters<typeof tcp>[0]): ReturnType<typeof decodeAll>['decoder']['view'] =>
    decodeAll([ethernet(ETHER.ipv4, ipv4({ protocol: 6 }, tcp(head)))]).decoder.view;

  test('numbers and flags', () => {
    const { seq, ack, flags, window } = view({ seq: 0xfffffff0, ack: 0x80000001, flags: 'SA', window: 512 });
    expect([seq >>> 0, ack >>> 0, flags, window]).toEqual([0xfffffff0, 0x80000001, 18, 512]);
  });

  test.each([
    ['without', [], -1],
    ['window scale', [2, 4, 5, 0xb4, 1, 3, 3, 7], 7],
    ['too large', [3, 3, 200, 0], 14],
    ['behind the end', [0, 3, 3, 7], -1],
    ['cut', [1, 1, 1, 3], -1],
    ['length 0', [8, 0, 3, 3, 7, 0, 0, 0], -1],
    ['length beyond', [2, 40, 3, 3, 7, 0, 0, 0], -1],
  ])('window scale: %s', (_, options, expected) => {
    expect(view({ flags: 'S', options: Uint8Array.from(options) }).windowScale).toBe(expected);
  });

  test('the header was cut behind its fixed part: all payload is missing', () => {
    const bytes = ethernet(
      ETHER.ipv4,
      ipv4({ protocol: 6 }, tcp({ options: new Uint8Array(12) }, text('payload'))),
    );
    const { isDecoded, payload, missing } = decodeAll([bytes.subarray(0, 14 + 20 + 24)], 1, bytes.length);
    expect([isDecoded, payload, missing]).toEqual([true, '', 7]);
  });
});

describe('ICMP', () => {
  const sent = udp({ srcPort: 1234, dstPort: 53 }, text('lost'));
  const V4_SENT = '192.0.2.1:1234 198.51.100.2:53';
  const V6_SENT = '2001:db8::1:1234 2001:db8:1::2:53';
  const v4 = (type: number, code: number, quoted: Bytes): Bytes =>
    ipv4({ src: '203.0.113.9', dst: '192.0.2.1', protocol: PROTO.icmp }, icmp(type, code, quoted));
  const v6 = (type: number, code: number, quoted: Bytes): Bytes =>
    ipv6({ src: '2001:db8:9::9', dst: '2001:db8::1', protocol: PROTO.icmpv6 }, icmp(type, code, quoted));
  const quoted4 = ipv4({ protocol: PROTO.udp }, sent);
  const quoted6 = ipv6({ protocol: PROTO.udp }, sent);
  const rows: readonly (readonly [string, Bytes, string | undefined, string | undefined])[] = [
    ['port unreachable', v4(3, 3, quoted4), V4_SENT, 'refused'],
    ['host unreachable', v4(3, 1, quoted4), V4_SENT, 'unreachable'],
    ['prohibited', v4(3, 13, quoted4), V4_SENT, 'unreachable'],
    ['too big', v4(3, 4, quoted4), V4_SENT, undefined],
    ['time exceeded', v4(11, 0, quoted4), V4_SENT, 'unreachable'],
    ['redirect', v4(5, 1, quoted4), V4_SENT, undefined],
    ['only eight bytes quoted', v4(3, 3, quoted4.subarray(0, 28)), V4_SENT, 'refused'],
    [
      'a later fragment has no ports',
      v4(3, 3, ipv4({ protocol: 17, offset: 8 }, sent)),
      undefined,
      'refused',
    ],
    ['seven bytes quoted', v4(3, 3, quoted4.subarray(0, 27)), undefined, 'refused'],
    ['echo', v4(8, 0, quoted4), undefined, undefined],
    ['v6 port unreachable', v6(1, 4, quoted6), V6_SENT, 'refused'],
    ['v6 no route', v6(1, 0, quoted6), V6_SENT, 'unreachable'],
    ['v6 time exceeded', v6(3, 0, quoted6), V6_SENT, 'unreachable'],
    ['v6 too big', v6(2, 0, quoted6), V6_SENT, undefined],
    ['v6 extension headers', v6(1, 4, ipv6({ protocol: 60 }, extension(17, sent))), V6_SENT, 'refused'],
    ['v6 quote cut', v6(1, 4, quoted6.subarray(0, 30)), undefined, 'refused'],
    ['v6 neighbour', v6(135, 0, quoted6), undefined, undefined],
  ];
  test.each(rows)('%s', (_, packet, quoted, reason) => {
    const type = (packet[0] ?? 0) >> 4 === 4 ? ETHER.ipv4 : ETHER.ipv6;
    const { isDecoded, decoder } = decodeAll([ethernet(type, packet)]);
    expect(isDecoded).toBe(true);
    expect(decoder.counters.icmp).toBe(1);
    expect(decoder.view.hasQuote ? endsOf(decoder.view.quoted) : undefined).toBe(quoted);
    expect(unreachableReason(decoder.view)).toBe(reason);
  });
});

describe('fragments, through the decoder', () => {
  const datagram = udp({}, text('a datagram that came in three fragments'));
  const parts = [
    [0, 16],
    [16, 32],
    [32, datagram.length],
  ] as const;
  const v4 = parts.map(([from, to]) =>
    ip({ protocol: 17, id: 7, offset: from, more: to < datagram.length }, datagram.subarray(from, to)),
  );
  const v6 = parts.map(([offset, to]) =>
    ipv6(
      { protocol: 44 },
      fragmentHeader({ next: 17, id: 7, offset, more: to < datagram.length }, datagram.subarray(offset, to)),
    ),
  );
  test.each([
    ['IPv4', ETHER.ipv4, v4, '192.0.2.1:50000 198.51.100.2:53'],
    ['IPv6', ETHER.ipv6, v6, '2001:db8::1:50000 2001:db8:1::2:53'],
  ] as const)('%s, in any order', (_, type, packets, ends) => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 0, 2, 1],
    ]) {
      const decoded = decodeAll(order.map((index) => ethernet(type, packets[index] as Bytes)));
      expect([decoded.ends, decoded.payload]).toEqual([ends, 'a datagram that came in three fragments']);
      expect(decoded.decoder.fragments).toMatchObject({ reassembled: 1, overlaps: order.length - 3 });
    }
  });

  test('an atomic fragment needs no other', () => {
    const packet = ipv6(
      { protocol: 44 },
      fragmentHeader({ next: 17, id: 7, offset: 0, more: false }, datagram),
    );
    const { isDecoded, decoder } = decodeAll([ethernet(ETHER.ipv6, packet)]);
    expect([isDecoded, decoder.fragments.fragments]).toEqual([true, 0]);
  });

  test('a tunnel in fragments', () => {
    const whole = udp({ dstPort: 4789 }, vxlan(9, ethernet(ETHER.ipv4, V4)));
    const packets = [0, 40].map((offset) =>
      ethernet(
        ETHER.ipv4,
        ipv4(
          { src: '203.0.113.1', protocol: 17, offset, more: offset === 0 },
          whole.subarray(offset, offset === 0 ? 40 : undefined),
        ),
      ),
    );
    const { ends, payload, decoder } = decodeAll(packets);
    expect([ends, payload, decoder.view.tunnelId]).toEqual([V4_ENDS, 'payload', 9]);
  });
});
