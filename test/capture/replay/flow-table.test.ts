import { describe, expect, test } from 'vitest';
import { BEGIN_NS, type TimedPacket } from '../../support/capture-files.ts';
import {
  type Bytes,
  ETHER,
  ethernet,
  ipv4,
  PROTO,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from '../../support/packets.ts';
import { run } from './harness.ts';

import { told } from './tales.ts';

describe('what keeps conversations apart', () => {
  const segment = ipv4({ protocol: PROTO.tcp }, tcp({ flags: 'PA' }, text('x')));
  const timeNs = BEGIN_NS;
  const inVxlan = (vni: number): Bytes =>
    ethernet(
      ETHER.ipv4,
      ipv4(
        { src: '203.0.113.1', dst: '203.0.113.2', protocol: 17 },
        udp({ dstPort: 4789 }, vxlan(vni, ethernet(ETHER.ipv4, segment))),
      ),
    );
  test('VLAN and tunnel ids', () => {
    const frames = [
      ethernet(ETHER.ipv4, segment),
      ethernet(ETHER.vlan, vlan(1, ETHER.ipv4, segment)),
      ethernet(ETHER.vlan, vlan(2, ETHER.ipv4, segment)),
      inVxlan(1),
      inVxlan(2),
    ];
    const { counters } = run([...frames, ...frames].map((bytes) => ({ bytes, timeNs })));
    expect(counters.flows).toBe(5);
  });
});

describe('bounds', () => {
  test('a full table gives up what is over first, then what is idle longest', () => {
    const flows = [1, 2, 3].map((port) => told((s) => s.handshake(), { clientPort: port }, port * 10));
    const closed = told(
      (s) => {
        s.handshake();
        s.close();
      },
      { clientPort: 9 },
      5,
    );
    const packets = [...closed, ...(flows[0] ?? []), ...(flows[1] ?? []), ...(flows[2] ?? [])];
    const { log, counters } = run(packets, { maxFlows: 2 });
    expect(log.filter((line) => line.startsWith('closed'))).toEqual([
      'closed:closed #1 @8',
      'closed:unknown #2 @30',
      'closed:unknown #3 @33',
      'closed:unknown #4 @33',
    ]);
    expect([counters.evicted, counters.flows]).toEqual([1, 4]);
  });

  test('a SYN flood stays within the table; every attempt is told', () => {
    const packets = Array.from(
      { length: 3000 },
      (_, i) => told((s) => void s.say('client', 'S'), { clientPort: 1024 + i })[0] as TimedPacket,
    );
    const { story, counters } = run(packets, { maxFlows: 100 });
    expect(counters.evicted).toBe(2900);
    expect(story.filter((each) => each === 'attempted')).toHaveLength(3000);
    expect(story.filter((each) => each === 'closed:unknown')).toHaveLength(3000);
  });
});

test('the end comes in the order of the beginnings, twice the same', () => {
  const packets = [5, 3, 4, 1, 2].flatMap((port) =>
    told(
      (s) => {
        s.handshake();
        s.say('client', 'PA', text(`from ${port}`));
      },
      { clientPort: port },
    ),
  );
  const first = run(packets);
  expect(first.log.filter((line) => line.startsWith('closed')).map((line) => line.split(' ')[1])).toEqual([
    '#1',
    '#2',
    '#3',
    '#4',
    '#5',
  ]);
  expect(run(packets).log).toEqual(first.log);
});
