import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PacketCounters } from '../../../src/net/packet/context.ts';
import { createPacketDecoder } from '../../../src/net/packet/decode.ts';
import { BEGIN_NS, batchOf, pcap } from '../../support/capture-files.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  extension,
  fields,
  gre,
  ipv4,
  ipv6,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
} from '../../support/packets.ts';
import { decodeAll, V4, V4_ENDS, V6, WRAPPINGS } from './frames.ts';

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;

describe('wrappings', () => {
  test.each(WRAPPINGS)('$name', ({ bytes, linkType, ends = V4_ENDS, vlan: id = 0, tunnel = [0, 0] }) => {
    const decoded = decodeAll([bytes], linkType);
    expect(decoded.ends).toBe(ends);
    expect(decoded.payload).toBe('payload');
    expect(decoded.missing).toBe(0);
    const { view, counters } = decoded.decoder;
    expect([view.vlan, view.tunnel, view.tunnelId]).toEqual([id, ...tunnel]);
    expect([counters.tcp, counters.udp, counters.tunneled]).toEqual([1, 0, tunnel[0] === 0 ? 0 : 1]);
  });

  test.each(WRAPPINGS)(
    '$name, cut at every byte: never the wrong ends',
    ({ bytes, linkType, ends = V4_ENDS }) => {
      const seen = new Set<string>();
      for (let size = 0; size < bytes.length; size++) {
        const decoded = decodeAll([bytes.subarray(0, size)], linkType, bytes.length);
        if (!decoded.isDecoded || decoded.decoder.view.protocol !== PROTO.tcp) continue;
        seen.add(decoded.ends);
        expect('payload'.startsWith(decoded.payload)).toBe(true);
        expect(decoded.missing).toBe(
          7 - decoded.payload.length + (decoded.missing > 7 ? decoded.missing - 7 : 0),
        );
      }
      expect([...seen]).toEqual([ends]);
    },
  );

  const told = WRAPPINGS.filter(({ tcpdump }) => tcpdump === true);
  test.skipIf(!hasTcpdump).each(told)(
    `tcpdump reads the same: $name ${hasTcpdump ? '' : '(SKIP: no tcpdump)'}`,
    (wrapping) => {
      const folder = mkdtempSync(join(tmpdir(), 'telegen-decode-'));
      try {
        const file = join(folder, 'one.pcap');
        writeFileSync(
          file,
          pcap([{ bytes: wrapping.bytes, timeNs: BEGIN_NS }], { linkType: wrapping.linkType ?? 1 }),
        );
        const { stdout } = spawnSync('tcpdump', ['-nn', '-r', file], { encoding: 'utf8' });
        expect(stdout).toContain('192.0.2.1.40000 > 198.51.100.2.80: Flags [.]');
        expect(stdout).toContain('length 7');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe('what is not decoded is counted', () => {
  const eth4 = (protocol: number, payload: Bytes): Bytes => ethernet(ETHER.ipv4, ipv4({ protocol }, payload));
  const nested = [1, 2, 3, 4, 5].reduce((inner) => ipv4({ protocol: PROTO.ipip }, inner), V4);
  const labels = concat(...Array.from({ length: 9 }, () => fields([32, 0x10040])), V4);
  const tags = Array.from({ length: 9 }).reduce<Bytes>((inner) => vlan(1, ETHER.vlan, inner), V4);
  const extensions = Array.from({ length: 9 }).reduce<Bytes>(
    (inner, _, i) => extension(i === 0 ? 6 : 60, inner),
    V4,
  );
  const rows: readonly (readonly [string, keyof PacketCounters, Bytes, number?])[] = [
    ['an unknown link type', 'linkType', V4, 147],
    ['ARP', 'notIp', ethernet(ETHER.arp, new Uint8Array(28))],
    ['spanning tree', 'notIp', ethernet(38, new Uint8Array(46))],
    ['raw, neither version', 'notIp', Uint8Array.of(0x50), 101],
    ['loopback, AppleTalk', 'notIp', fields([32, 16]), 108],
    ['PPP control', 'notIp', fields([16, 0xff03], [16, 0xc021]), 9],
    ['ESP', 'otherProtocol', eth4(PROTO.esp, new Uint8Array(40))],
    ['SCTP', 'otherProtocol', ethernet(ETHER.ipv6, ipv6({ protocol: 132 }, new Uint8Array(20)))],
    ['GRE of PPTP', 'otherProtocol', eth4(PROTO.gre, fields([16, 0x3001], [16, 0x880b], [32, 0], [32, 0]))],
    ['an empty packet', 'cutHeader', new Uint8Array(0)],
    ['IPv4 with version 5', 'badIp', ethernet(ETHER.ipv4, concat(Uint8Array.of(0x55), V4.subarray(1)))],
    ['IPv4 header too short', 'badIp', ethernet(ETHER.ipv4, concat(Uint8Array.of(0x44), V4.subarray(1)))],
    [
      'IPv4 length below its header',
      'badIp',
      ethernet(ETHER.ipv4, ipv4({ protocol: 6, totalLength: 19 }, tcp({}))),
    ],
    ['IPv6 with version 4', 'badIp', ethernet(ETHER.ipv6, concat(Uint8Array.of(0x40), V6.subarray(1)))],
    [
      'TCP header too short',
      'badTransport',
      eth4(PROTO.tcp, concat(tcp({}).subarray(0, 12), Uint8Array.of(0x40), new Uint8Array(7))),
    ],
    [
      'TCP header longer than the packet',
      'badTransport',
      eth4(PROTO.tcp, concat(tcp({}).subarray(0, 12), Uint8Array.of(0xf0), new Uint8Array(7))),
    ],
    ['UDP length below its header', 'badTransport', eth4(PROTO.udp, udp({ length: 7 }, text('x')))],
    ['UDP length beyond the packet', 'badTransport', eth4(PROTO.udp, udp({ length: 10 }, text('x')))],
    ['five tunnels', 'tunnelDepth', ethernet(ETHER.ipv4, nested)],
    ['nine labels', 'tagDepth', ethernet(ETHER.mpls, labels)],
    ['nine tags', 'tagDepth', ethernet(ETHER.vlan, tags)],
    ['nine extension headers', 'extensionHeaders', ethernet(ETHER.ipv6, ipv6({ protocol: 60 }, extensions))],
  ];
  const cases = rows.map(([name, counter, bytes, linkType = 1]) => ({ name, counter, bytes, linkType }));
  test.each(cases)('$name: $counter', ({ counter, bytes, linkType }) => {
    const { isDecoded, decoder } = decodeAll([bytes], linkType);
    expect(isDecoded).toBe(false);
    expect({ ...decoder.counters }).toEqual({ ...createPacketDecoder().counters, packets: 1, [counter]: 1 });
  });

  test('an IP packet longer than its frame is decoded, the rest counts as missing', () => {
    const bytes = ethernet(ETHER.ipv4, ipv4({ protocol: 6, totalLength: 140 }, tcp({}, text('only this'))));
    const { ends, payload, missing, decoder } = decodeAll([bytes]);
    expect([ends, payload, missing, decoder.counters.longerThanFrame]).toEqual([V4_ENDS, 'only this', 91, 1]);
  });
});

test('seeded mutations: never throws, never reads beyond the packet', () => {
  const guarded = WRAPPINGS.map(({ bytes, linkType = 1 }) => ({ bytes, linkType }));
  const odd = ethernet(ETHER.ipv4, ipv4({ protocol: PROTO.gre }, gre({ type: ETHER.ipv4, key: 1 }, V4)));
  guarded.push({ bytes: odd, linkType: 1 });
  const decoder = createPacketDecoder({ maxDatagrams: 16 });
  const mutation = fc.record({
    which: fc.nat(guarded.length - 1),
    changes: fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    keep: fc.nat(160),
    time: fc.nat(100_000),
  });
  const property = fc.property(mutation, ({ which, changes, keep, time }) => {
    const { bytes, linkType } = guarded[which] as (typeof guarded)[number];
    const changed = Uint8Array.from(bytes);
    for (const [at, value] of changes) changed[at % changed.length] = value;
    const packet = {
      bytes: changed.subarray(0, keep),
      timeNs: BigInt(time) * 1_000_000n,
      originalLength: bytes.length,
    };
    if (!decoder.decode(batchOf([packet], linkType), 0)) return;
    const { view } = decoder;
    expect(view.at).toBeLessThanOrEqual(view.end);
    expect(view.end).toBeLessThanOrEqual(Math.max(view.wireEnd, view.end));
    expect(view.wireEnd).toBeGreaterThanOrEqual(view.end);
  });
  fc.assert(property, { seed: 20240115, numRuns: Number(process.env.TELEGEN_FUZZ_RUNS ?? 20_000) });
});
