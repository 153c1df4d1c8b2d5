import { describe, expect, test } from 'vitest';
import type { TimedPacket } from '../../../support/capture-files.ts';
import { icmp, PROTO, tcp, udp } from '../../../support/packets.ts';
import { at, pingSweep, type ScanKind, scanOf, visit } from '../../../support/traffic/attacks.ts';
import { watched } from './watched.ts';

const SCANNER = '203.0.113.9';
const HOST = '10.0.0.1';
const one = (kind: ScanKind, open: readonly number[] = []): TimedPacket[] =>
  scanOf({ kind, source: SCANNER, targets: [HOST], ports: [22], fromMs: 0, gapMs: 10, open });
const to = { src: SCANNER, dst: HOST };

describe('what came back', () => {
  const rows: readonly [string, readonly TimedPacket[], readonly string[]][] = [
    ['a SYN that is refused', one('syn'), ['syn 203.0.113.9 > 10.0.0.1:22 rst']],
    ['a SYN to an open port', one('syn', [22]), ['syn 203.0.113.9 > 10.0.0.1:22 open']],
    ['a connection', one('connect', [22]), ['syn 203.0.113.9 > 10.0.0.1:22 open']],
    ['a FIN to a closed port', one('fin'), ['fin 203.0.113.9 > 10.0.0.1:22 rst']],
    ['a FIN to an open port: nothing', one('fin', [22]), ['fin 203.0.113.9 > 10.0.0.1:22 none']],
    ['no flag', one('null'), ['null 203.0.113.9 > 10.0.0.1:22 rst']],
    ['FIN, PSH and URG', one('xmas'), ['xmas 203.0.113.9 > 10.0.0.1:22 rst']],
    ['a datagram to a closed port', one('udp'), ['udp 203.0.113.9 > 10.0.0.1:22 rst']],
    [
      'a datagram that is answered',
      [
        at(0, PROTO.udp, to, udp({ srcPort: 50_000, dstPort: 53 }, new Uint8Array(4))),
        at(
          1,
          PROTO.udp,
          { src: HOST, dst: SCANNER },
          udp({ srcPort: 53, dstPort: 50_000 }, new Uint8Array(4)),
        ),
      ],
      ['udp 203.0.113.9 > 10.0.0.1:53 open'],
    ],
    [
      'an echo request that is answered',
      [
        at(0, PROTO.icmp, to, icmp(8, 0, new Uint8Array(4))),
        at(1, PROTO.icmp, { src: HOST, dst: SCANNER }, icmp(0, 0, new Uint8Array(4))),
      ],
      ['icmp_echo 203.0.113.9 > 10.0.0.1:0 open'],
    ],
    [
      'an echo request that is not',
      pingSweep(SCANNER, [HOST], 0),
      ['icmp_echo 203.0.113.9 > 10.0.0.1:0 none'],
    ],
  ];
  test.each(rows)('%s', async (_, packets, expected) => {
    expect((await watched(packets)).told).toEqual(expected);
  });
});

describe('what is no probe', () => {
  const rows: readonly [string, readonly TimedPacket[]][] = [
    ['a connection out of this side', [at(0, PROTO.tcp, { src: HOST, dst: SCANNER }, tcp({ flags: 'S' }))]],
    ['answers to a forged sender', [at(0, PROTO.tcp, to, tcp({ srcPort: 80, dstPort: 4_000, flags: 'SA' }))]],
    ['a lone reset', [at(0, PROTO.tcp, to, tcp({ srcPort: 80, dstPort: 4_000, flags: 'R' }))]],
    [
      'an answer of a resolver',
      [at(0, PROTO.udp, to, udp({ srcPort: 53, dstPort: 40_000 }, new Uint8Array(4)))],
    ],
    ['data', [at(0, PROTO.tcp, to, tcp({ flags: 'PA' }, new Uint8Array(4)))]],
  ];
  test.each(rows)('%s', async (_, packets) => {
    expect((await watched(packets)).told).toEqual([]);
  });
});

test('each is told once while it is remembered, at the time of its answer, or three seconds after it asked', async () => {
  const again = [0, 500, 10_000].flatMap((ms) => visit(ms, SCANNER, 40_000 + ms));
  const [silent] = pingSweep(SCANNER, [HOST], 100);
  const { told, probes } = await watched([...again.slice(0, 1), silent!, ...again.slice(1)]);
  expect(told).toEqual(['syn 203.0.113.9 > 10.0.0.80:80 open', 'icmp_echo 203.0.113.9 > 10.0.0.1:0 none']);
  expect(Math.round((probes[1]?.timeMs ?? 0) - (probes[0]?.timeMs ?? 0))).toBe(3_099);
});

test('many at once: those that find no room are left out, and none is told twice', async () => {
  const flood = Array.from({ length: 70_000 }, (_, index) =>
    at(
      index / 100,
      PROTO.tcp,
      { src: `203.0.${(index >>> 8) & 255}.${index & 255}`, dst: HOST },
      tcp({ dstPort: 1 + (index >>> 14), flags: 'S' }),
    ),
  );
  const { told } = await watched(flood);
  expect(told.length).toBeGreaterThan(65_000);
  expect(told.length).toBeLessThanOrEqual(70_000);
  expect(new Set(told).size).toBe(told.length);
});
