import { expect, test } from 'vitest';
import { createFlowCounters } from '../../../src/capture/replay/counters.ts';
import { undecoded } from '../../../src/cli/replay/undecoded.ts';
import { createPacketCounters, type PacketCounters } from '../../../src/net/packet/context.ts';
import { createFragmentTable } from '../../../src/net/packet/fragments.ts';

type Links = readonly (readonly [number, number])[];

test.each<[string, Partial<PacketCounters>, Links, string | undefined, boolean]>([
  ['an empty file', {}, [], undefined, false],
  ['all decoded', { packets: 9, tcp: 5, udp: 3, icmp: 1 }, [], undefined, false],
  ['some that are not IP', { packets: 9, tcp: 1, notIp: 8 }, [], undefined, false],
  ['half of them bad', { packets: 4, tcp: 2, cutHeader: 2 }, [], undefined, false],
  ['fragments that wait', { packets: 4 }, [], undefined, false],
  [
    'one link type',
    { packets: 9, linkType: 9 },
    [[127, 9]],
    '9 of 9 frames could not be decoded: 9 of link type 127 (802.11 with radiotap header)',
    true,
  ],
  [
    'link types, one without a name here',
    { packets: 9, linkType: 6, tcp: 3 },
    [
      [147, 4],
      [227, 2],
    ],
    '6 of 9 frames could not be decoded: 4 of link type 147, 2 of link type 227 (CAN)',
    false,
  ],
  [
    'several faults',
    { packets: 9, cutHeader: 4, badIp: 3, notIp: 2 },
    [],
    '7 of 9 frames could not be decoded: 4 cut inside a header, 3 with a wrong IP header',
    true,
  ],
  [
    'nothing but ARP',
    { packets: 9, notIp: 8, otherProtocol: 1 },
    [],
    'nothing to tell of 9 frames: 8 without IP, 1 with other protocols than TCP, UDP and ICMP',
    false,
  ],
])('%s', (_, counted, links, warning, isFailure) => {
  const found = undecoded({
    packets: { ...createPacketCounters(), ...counted },
    fragments: createFragmentTable().counters,
    flows: createFlowCounters(),
    linkTypes: new Map(links),
    endMs: 0,
    problem: undefined,
  });
  expect(found).toEqual(warning === undefined ? undefined : { warning, isFailure });
});
