import { describe, expect, test } from 'vitest';
import { ip, PROTO, text, udp } from '../../support/packets.ts';
import type { TcpScript } from '../../support/tcp-script.ts';
import { run } from './harness.ts';

import { at, told } from './tales.ts';

describe('time', () => {
  test('an attempt without an answer fails a minute after its last SYN', () => {
    const packets = told((s) => {
      s.say('client', 'S');
      s.wait(3000);
      s.say('client', 'S', undefined, { seq: 1000 });
    });
    const later = at(63_000, ip({ protocol: PROTO.udp }, udp({}, text('x'))));
    const { log } = run([...packets, later], { finish: false });
    expect(log).toEqual([
      'attempted #1 @0',
      'failed:timeout #1 @63000',
      'attempted #2 @63000',
      'client #2 datagram x @63000',
    ]);
    const earlier = at(62_999, ip({ protocol: PROTO.udp }, udp({}, text('x'))));
    expect(run([...packets, earlier], { finish: false }).story).toEqual(['attempted', 'attempted']);
  });

  test('silence closes an open connection after an hour, a closing one after a minute, UDP after a minute', () => {
    const open = told((s) => s.handshake(), { clientPort: 1 });
    const closing = told(
      (s) => {
        s.handshake();
        s.say('client', 'FA');
        s.say('server', 'FA');
      },
      { clientPort: 2 },
    );
    const datagram = at(3, ip({ protocol: PROTO.udp }, udp({}, text('x'))));
    const end = at(3_700_000, ip({ protocol: PROTO.udp }, udp({ srcPort: 9 }, text('y'))));
    const { log, events } = run([...open, ...closing, datagram, end], { finish: false });
    expect(log.slice(-5)).toEqual([
      'closed:closed #2 @60003',
      'closed:idle #3 @60003',
      'closed:idle #1 @3600003',
      'attempted #4 @3700000',
      'client #4 datagram y @3700000',
    ]);
    expect(
      events.find(({ socketId, reason }) => socketId === 1 && reason === 'idle')?.stats?.durationMs,
    ).toBe(3);
  });

  test('time never goes back', () => {
    const first = at(50, ip({ protocol: PROTO.udp }, udp({}, text('a'))));
    const second = at(20, ip({ protocol: PROTO.udp }, udp({}, text('b'))));
    const { log, counters, isMonotonic } = run([first, second]);
    expect(log).toEqual([
      'attempted #1 @50',
      'client #1 datagram a @50',
      'client #1 datagram b @50',
      'closed:unknown #1 @50',
    ]);
    expect([counters.timeReversals, isMonotonic]).toEqual([1, true]);
  });
});

describe('ports used again', () => {
  const second = (s: TcpScript): void => {
    s.next.client = 5_000_000;
    s.next.server = 7_000_000;
    s.handshake();
    s.say('client', 'PA', text('again'));
  };
  test('after a close, at once', () => {
    const { story, streams } = run(
      told((s) => {
        s.handshake();
        s.close();
        second(s);
      }),
    );
    expect(story).toEqual([
      'attempted',
      'established',
      'closed:closed',
      'attempted',
      'established',
      'closed:unknown',
    ]);
    expect(streams.client).toBe('again');
  });
  test('with the close not captured: the answer confirms the new one', () => {
    const { story, streams, events } = run(
      told((s) => {
        s.handshake();
        s.say('client', 'PA', text('old '));
        second(s);
      }),
    );
    expect(story).toEqual([
      'attempted',
      'established',
      'closed:unknown',
      'attempted',
      'established',
      'closed:unknown',
    ]);
    expect(streams.client).toBe('old again');
    expect(events.map(({ socketId }) => socketId)).toEqual([1, 1, 1, 2, 2, 2]);
  });
  test('a forged SYN changes nothing', () => {
    const { story, streams, counters } = run(
      told((s) => {
        s.handshake();
        s.say('client', 'S', undefined, { seq: 77 });
        s.say('server', 'SA', undefined, { seq: 78, ack: 79 });
        s.say('client', 'PA', text('still here'));
        s.close();
      }),
    );
    expect(story).toEqual(['attempted', 'established', 'closed:closed']);
    expect([streams.client, counters.outOfWindow]).toEqual(['still here', 2]);
  });
  test('an attempt that is given up for another', () => {
    const { story } = run(
      told((s) => {
        s.say('client', 'S');
        s.say('client', 'S', undefined, { seq: 4444 });
      }),
    );
    expect(story).toEqual(['attempted', 'failed:unknown', 'attempted', 'closed:unknown']);
  });
  test('a SYN-ACK alone after a close', () => {
    const { story } = run(
      told((s) => {
        s.handshake();
        s.close();
        s.say('server', 'SA', undefined, { seq: 9 });
      }),
    );
    expect(story.slice(3)).toEqual(['attempted', 'closed:unknown']);
  });
});

describe('resets', () => {
  test.each([
    ['far outside the window', 200_000_000, 0],
    ['behind the window', -100, 0],
    ['inside the window', 60_000, 1],
    ['exactly next', 0, 1],
    ['one before (keep-alive answer)', -1, 1],
  ])('%s', (_, distance, taken) => {
    const { story, counters } = run(
      told((s) => {
        s.say('client', 'S');
        s.say('server', 'SA');
        s.say('client', 'A');
        s.say('client', 'PA', text('hello'));
        s.say('server', 'A');
        s.say('client', 'R', undefined, { seq: s.next.client + distance });
      }),
    );
    expect(story.at(-1)).toBe(taken === 1 ? 'closed:aborted' : 'closed:unknown');
    expect(counters.ignoredResets).toBe(1 - taken);
  });
});
