import { describe, expect, test } from 'vitest';
import { text } from '../../support/packets.ts';
import type { TcpScript } from '../../support/tcp-script.ts';
import { BEGIN_MS, endsOf, run } from './harness.ts';

import { CLOSE, HANDSHAKE, INSIDE, OUTSIDE, type Tale, told } from './tales.ts';

function foreignRefusal(s: TcpScript): void {
  s.say('client', 'S');
  s.say('server', 'RA', undefined, { ack: 5 });
}

function repeatedSyn(s: TcpScript): void {
  s.say('client', 'S');
  s.say('server', 'RA');
  s.say('client', 'S', undefined, { seq: 1000 });
}

function swapped(s: TcpScript): void {
  s.handshake();
  s.packets.unshift(...s.packets.splice(1, 1));
  s.close();
}

/** A conversation of which one packet of the handshake was not captured. */
function without(index: number): Tale {
  return (s) => {
    s.handshake();
    s.packets.splice(index, 1);
    s.say('server', 'PA', text('220'));
    s.close();
  };
}

describe('TCP connections', () => {
  const rows: readonly (readonly [string, Tale, readonly string[]])[] = [
    ['opened and closed', `${HANDSHAKE} ${CLOSE}`, ['attempted', 'established', 'closed:closed']],
    ['refused', 'C:S S:RA', ['attempted', 'failed:refused']],
    ['refused without acknowledgment', 'C:S S:R', ['attempted', 'failed:refused']],
    ['a refusal of something else', foreignRefusal, ['attempted', 'closed:unknown']],
    ['unanswered when the capture ends', 'C:S', ['attempted', 'closed:unknown']],
    ['half-open scan', 'C:S S:SA C:R', ['attempted', 'failed:aborted']],
    ['answered, then reset', 'C:S S:SA S:R', ['attempted', 'failed:reset']],
    ['reset by the client', `${HANDSHAKE} C:RA`, ['attempted', 'established', 'closed:aborted']],
    ['reset by the server', `${HANDSHAKE} S:RA`, ['attempted', 'established', 'closed:reset']],
    ['reset after one side closed', `${HANDSHAKE} C:FA S:R`, ['attempted', 'established', 'closed:reset']],
    ['reset after both closed', `${HANDSHAKE} C:FA S:FA C:R`, ['attempted', 'established', 'closed:closed']],
    ['server closes first', `${HANDSHAKE} S:FA C:FA S:A`, ['attempted', 'established', 'closed:closed']],
    [
      'half-closed, the server goes on',
      `${HANDSHAKE} C:FA S:PA=more`,
      ['attempted', 'established', 'closed:unknown'],
    ],
    ['last acknowledgment missing', `${HANDSHAKE} C:FA S:FA`, ['attempted', 'established', 'closed:closed']],
    ['open when the capture ends', HANDSHAKE, ['attempted', 'established', 'closed:unknown']],
    ['SYN not captured', without(0), ['attempted', 'established', 'closed:closed']],
    ['SYN behind the SYN-ACK', swapped, ['attempted', 'established', 'closed:closed']],
    ['SYN-ACK not captured', without(1), ['attempted', 'established', 'closed:closed']],
    [
      'last of the handshake not captured, server speaks first',
      without(2),
      ['attempted', 'established', 'closed:closed'],
    ],
    ['opened from both sides', `C:S S:S C:A S:A ${CLOSE}`, ['attempted', 'established', 'closed:closed']],
    ['joined in the middle', `C:PA=x S:A ${CLOSE}`, ['established', 'closed:closed']],
    ['stray reset', 'S:R', []],
    ['stray FIN', 'C:FA', []],
    ['scans with odd flags', 'C: C:FP', []],
    [
      'late packets of a closed one',
      `${HANDSHAKE} ${CLOSE} S:FA C:PA=late S:R`,
      ['attempted', 'established', 'closed:closed'],
    ],
    ['a repeated SYN of a refused one', repeatedSyn, ['attempted', 'failed:refused']],
  ];
  test.each(rows)('%s', (_, tell, story) => {
    const result = run(told(tell));
    expect(result.story).toEqual(story);
    expect(result.counters.active).toBe(0);
    expect(result.isMonotonic).toBe(true);
  });

  test.each(rows)('%s, over IPv6: the same', (_, tell, story) => {
    expect(run(told(tell, { client: '2001:db8::1', server: '2001:db8:bad::2' })).story).toEqual(story);
  });

  test('facts, times and counters', () => {
    const { events, log, facts } = run(
      told((s) => {
        s.handshake();
        s.wait(5);
        s.say('client', 'PA', text('hello'));
        s.wait(5);
        s.say('server', 'PA', text('you too'));
        s.say('client', 'A');
        s.say('server', 'PA', text('you too'), { seq: 900_001 });
        s.wait(10);
        s.close();
      }),
    );
    expect(log).toEqual([
      'attempted #1 @0',
      'established #1 @3',
      'open #1',
      'client #1 hello @8',
      'server #1 you too @13',
      'end #1 @23',
      'closed:closed #1 @23',
    ]);
    const [attempted, established, closed] = events;
    expect(attempted).toEqual({
      kind: 'connection',
      phase: 'attempted',
      timeMs: BEGIN_MS,
      transport: 'tcp',
      role: 'client',
      local: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0xc0000201 }, port: 40_000 },
      remote: { ip: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0xc6336402 }, port: 80 },
      socketId: 1,
      owner: undefined,
      attribution: 'unknown',
      process: undefined,
      workload: undefined,
    });
    expect(established).toMatchObject({ handshakeRttUs: 3000 });
    expect(closed?.stats).toEqual({
      bytesSent: 5,
      bytesReceived: 7,
      segmentsSent: 6,
      segmentsReceived: 4,
      retransmits: 0,
      rttUs: 3000,
      minRttUs: 3000,
      durationMs: 23,
    });
    expect(facts).toEqual([{ ...facts[0], timeMs: BEGIN_MS, socketId: 1, role: 'client' }]);
  });

  test('a handshake with repeats tells no round-trip time; repeats are counted', () => {
    const { events } = run(
      told((s) => {
        s.say('client', 'S');
        s.wait(1000);
        s.say('client', 'S', undefined, { seq: 1000 });
        s.say('server', 'SA');
        s.say('client', 'A');
        s.close();
      }),
    );
    expect(events[1]?.handshakeRttUs).toBeUndefined();
    expect(events.at(-1)?.stats).toMatchObject({ retransmits: 1, rttUs: 0 });
  });
});

describe('perspective', () => {
  const ends = { client: '203.0.113.7', server: INSIDE };
  test('internal server, external client: the server tells', () => {
    const { events, story, facts } = run(
      told((s) => {
        s.handshake();
        s.wait(7);
        s.say('client', 'PA', text('12345'));
        s.close();
      }, ends),
    );
    expect(story).toEqual(['accepted', 'closed:closed']);
    expect(events.map(endsOf)).toEqual(Array(2).fill('192.0.2.1:80 203.0.113.7:40000'));
    expect(events[0]).toMatchObject({ role: 'server', handshakeRttUs: 3000 });
    expect(events[1]?.stats).toMatchObject({
      bytesSent: 0,
      bytesReceived: 5,
      segmentsSent: 2,
      durationMs: 7,
    });
    expect(facts[0]).toMatchObject({ role: 'server' });
  });

  test.each([
    ['reset by the client', 'client', 'reset'],
    ['reset by the server', 'server', 'aborted'],
  ] as const)('%s, seen by the server', (_, side, reason) => {
    const packets = told((s) => {
      s.handshake();
      s.say(side, 'RA');
    }, ends);
    expect(run(packets).story).toEqual(['accepted', `closed:${reason}`]);
  });

  test('a refused attempt at an internal server', () => {
    const packets = told((s) => {
      s.say('client', 'S');
      s.say('server', 'RA');
    }, ends);
    expect(run(packets).story).toEqual(['failed:refused']);
  });

  test.each([
    ['both internal', { client: INSIDE, server: '192.0.2.9' }],
    ['both external', { client: '203.0.113.7', server: OUTSIDE }],
  ])('%s: the client tells', (_, both) => {
    const { events } = run(told((s) => s.handshake(), both));
    expect(events[0]).toMatchObject({ phase: 'attempted', role: 'client', local: { port: 40_000 } });
  });

  test('joined in the middle: the role is unknown, the port of services is the server', () => {
    const { events, facts } = run(told((s) => void s.say('server', 'PA', text('x'))));
    expect(events[0]).toMatchObject({ phase: 'established', role: 'unknown', local: { port: 40_000 } });
    expect(facts[0]?.role).toBe('unknown');
  });
});
