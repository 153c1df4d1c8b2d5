import { describe, expect, test } from 'vitest';
import { BEGIN_NS, type TimedPacket } from '../../support/capture-files.ts';
import { type Bytes, icmp, ip, ipv4, PROTO, text, udp } from '../../support/packets.ts';
import { run } from './harness.ts';

import { at, INSIDE, OUTSIDE, told } from './tales.ts';

const NS_PER_MS = 1_000_000n;

const synOf = (packets: readonly TimedPacket[]): Bytes => (packets[0] as TimedPacket).bytes.subarray(14);

function icmpAbout(packets: readonly TimedPacket[], type: number, code: number): Bytes {
  return ipv4({ src: '203.0.113.1', dst: INSIDE, protocol: PROTO.icmp }, icmp(type, code, synOf(packets)));
}

describe('UDP', () => {
  const ask = (ms: number, srcPort = 50_000): TimedPacket =>
    at(ms, ip({ src: INSIDE, dst: OUTSIDE, protocol: PROTO.udp }, udp({ srcPort }, text('ask'))));
  const answer = (ms: number): TimedPacket =>
    at(
      ms,
      ip(
        { src: OUTSIDE, dst: INSIDE, protocol: PROTO.udp },
        udp({ srcPort: 53, dstPort: 50_000 }, text('answer')),
      ),
    );

  test('a conversation', () => {
    const { log, events } = run([ask(0), answer(2), ask(3)]);
    expect(log).toEqual([
      'attempted #1 @0',
      'client #1 datagram ask @0',
      'server #1 datagram answer @2',
      'client #1 datagram ask @3',
      'closed:unknown #1 @3',
    ]);
    expect(events[0]).toMatchObject({ transport: 'udp', role: 'client', remote: { port: 53 } });
    expect(events[1]?.stats).toMatchObject({
      bytesSent: 6,
      bytesReceived: 6,
      segmentsSent: 2,
      segmentsReceived: 1,
      durationMs: 3,
    });
  });

  test('the answer first', () => {
    const { log, events } = run([answer(0), ask(1)]);
    expect(log.slice(1, 3)).toEqual(['server #1 datagram answer @0', 'client #1 datagram ask @1']);
    expect(events[0]).toMatchObject({ remote: { port: 53 } });
  });

  test('an internal server', () => {
    const packet = at(0, ip({ src: OUTSIDE, dst: INSIDE, protocol: PROTO.udp }, udp({}, text('ask'))));
    expect(run([packet]).events[0]).toMatchObject({ phase: 'accepted', role: 'server', local: { port: 53 } });
  });

  test('a datagram that the capture cut', () => {
    const whole = ask(0);
    const cut = { ...whole, bytes: whole.bytes.subarray(0, -2), originalLength: whole.bytes.length };
    const { log, events } = run([cut]);
    expect(log[1]).toBe('client #1 datagram a -2 @0');
    expect(events[1]?.stats?.bytesSent).toBe(3);
  });

  test('silence of a minute begins a new conversation', () => {
    expect(run([ask(0), ask(59_999), ask(119_999)], { finish: false }).story).toEqual([
      'attempted',
      'closed:idle',
      'attempted',
    ]);
  });
});

describe('ICMP errors', () => {
  const datagram = ip({ src: INSIDE, dst: OUTSIDE, protocol: PROTO.udp }, udp({}, text('ask')));
  const sent = [at(0, datagram)];
  const reply = at(
    1,
    ip(
      { src: OUTSIDE, dst: INSIDE, protocol: PROTO.udp },
      udp({ srcPort: 53, dstPort: 50_000 }, text('yes')),
    ),
  );
  const syn = told((s) => void s.say('client', 'S'));
  const rows: readonly (readonly [string, readonly TimedPacket[], number, number, readonly string[]])[] = [
    ['UDP, port unreachable', sent, 3, 3, ['attempted', 'failed:refused']],
    ['UDP, host unreachable', sent, 3, 1, ['attempted', 'failed:unreachable']],
    ['UDP, too big', sent, 3, 4, ['attempted', 'closed:unknown']],
    ['UDP that was answered', [...sent, reply], 3, 3, ['attempted', 'closed:unknown']],
    ['TCP, port unreachable', syn, 3, 3, ['attempted', 'failed:refused']],
    ['TCP, prohibited', syn, 3, 13, ['attempted', 'failed:unreachable']],
    ['TCP, time exceeded', syn, 11, 0, ['attempted', 'failed:unreachable']],
    [
      'open TCP: only a hint',
      told((s) => s.handshake()),
      3,
      1,
      ['attempted', 'established', 'closed:unknown'],
    ],
  ];
  test.each(rows)('%s', (_, packets, type, code, story) => {
    const { story: seen, counters } = run([...packets, at(10, icmpAbout(packets, type, code))]);
    expect(seen).toEqual(story);
    expect(counters.icmpErrors).toBe(1);
  });

  test('about another SYN of the same ports', () => {
    const other = told((s) => void s.say('client', 'S'), { clientIsn: 5 });
    expect(run([...syn, at(10, icmpAbout(other, 3, 3))]).story).toEqual(['attempted', 'closed:unknown']);
  });

  test('refused, asked again, answered after all', () => {
    const refusal = at(1, icmpAbout(sent, 3, 3));
    const again = at(2, datagram);
    const { story, log } = run([...sent, refusal, again, { ...reply, timeNs: BEGIN_NS + 3n * NS_PER_MS }]);
    expect(story).toEqual(['attempted', 'failed:refused', 'attempted', 'closed:unknown']);
    expect(log.filter((line) => line.includes('datagram'))).toHaveLength(3);
  });
});
