import { describe, expect, test } from 'vitest';
import { text } from '../../support/packets.ts';
import { tcpScript } from '../../support/tcp-script.ts';
import { run } from './harness.ts';

import { ISN, type Stream, stream, streamed } from './streams.ts';

describe('the two ends', () => {
  test('joined in the middle: told first, for each side', () => {
    const script = tcpScript();
    script.say('client', 'PA', text('rest of a request'));
    script.say('server', 'PA', text('answer'));
    script.close();
    expect(run(script.packets).log.filter((line) => /^(client|server)/.test(line))).toEqual([
      'client #1 gap 0 false @0',
      'client #1 rest of a request @0',
      'server #1 gap 0 false @0',
      'server #1 answer @0',
    ]);
  });

  test('only one side captured: what the other sent is known by its acknowledgment', () => {
    const script = tcpScript();
    script.handshake();
    for (let i = 0; i < 3; i++) {
      script.say('client', 'PA', text(`request ${i} `));
      script.say('server', 'PA', text('answer'));
    }
    script.say('client', 'A');
    const fromClient = script.packets.filter((_, i) => i !== 1 && (i < 3 || i % 2 === 1));
    const { streams, events } = run(fromClient);
    expect(streams).toEqual({ client: 'request 0 request 1 request 2 ', server: '<0><6><6><6>' });
    expect(events.at(-1)?.stats).toMatchObject({ bytesReceived: 18, segmentsReceived: 0 });
  });

  test('a request is given before the answer that acknowledges it; a lost one shows as a gap before', () => {
    const script = tcpScript();
    script.handshake();
    script.say('client', 'PA', text('first'));
    script.say('server', 'PA', text('answer 1'));
    script.say('client', 'PA', text('second'));
    script.packets.pop();
    script.say('server', 'PA', text('answer 2'));
    const lines = run(script.packets).log.filter((line) => /^(client|server)/.test(line));
    expect(lines.map((line) => line.replace(/ @.*/, '').replace('#1 ', ''))).toEqual([
      'client first',
      'server answer 1',
      'client gap 6 false',
      'server answer 2',
    ]);
  });

  test('the FIN before the data it closes; data behind a FIN is nobody’s', () => {
    const { streams, story, counters } = streamed((s) => {
      s.script.say('client', 'FA', text('end'), { seq: ISN + 1 + 6 });
      s.send(0, 'middle');
      s.send(9, 'behind');
      s.ack(10);
      s.script.say('server', 'FA', undefined, { ack: ISN + 1 + 10 });
      s.script.say('client', 'A', undefined, { seq: ISN + 11 });
    });
    expect([streams.client, story.at(-1), counters.outOfWindow]).toEqual(['middleend', 'closed:closed', 1]);
  });

  test('data in the SYN', () => {
    const script = tcpScript();
    script.say('client', 'S', text('early '), { seq: ISN });
    script.say('server', 'SA', undefined, { ack: ISN + 1 });
    script.say('client', 'PA', text('early data'), { seq: ISN + 1 });
    expect(run(script.packets).streams.client).toBe('early data');
  });

  test('payload without ACK flag, and with a reset', () => {
    const script = tcpScript();
    script.handshake();
    script.say('client', 'P', text('no'), { seq: ISN + 1 });
    script.say('client', 'PA', text('yes'));
    script.say('server', 'RA', text('reason'));
    const { streams, counters, log } = run(script.packets);
    expect([streams, counters.withoutAck]).toEqual([{ client: 'yes', server: '' }, 1]);
    expect(log).toContain('end #1 reset @3');
  });

  test('nobody wants the stream: counters are right all the same', () => {
    const tell = (s: Stream): void => {
      s.send(4, 'two ');
      s.send(0, 'one ');
      s.send(12, 'four');
      s.ack(16);
    };
    const wanted = streamed(tell);
    const unwanted = streamed(tell, { openStream: () => undefined });
    expect(unwanted.events).toEqual(wanted.events);
    expect(unwanted.counters).toEqual(wanted.counters);
  });
});

describe('counters', () => {
  const rows: readonly (readonly [string, (s: Stream) => void, number, number])[] = [
    [
      'once',
      (s) => {
        s.send(0, 'abc');
      },
      3,
      0,
    ],
    [
      'twice',
      (s) => {
        s.send(0, 'abc');
        s.send(0, 'abc');
      },
      3,
      1,
    ],
    [
      'a hole that is filled',
      (s) => {
        s.send(3, 'def');
        s.send(0, 'abc');
      },
      6,
      0,
    ],
    [
      'twice behind a hole',
      (s) => {
        s.send(3, 'def');
        s.send(3, 'def');
        s.send(0, 'abc');
      },
      6,
      1,
    ],
    [
      'more than before',
      (s) => {
        s.send(0, 'abc');
        s.send(0, 'abcdef');
      },
      6,
      0,
    ],
    [
      'keep-alive',
      (s) => {
        s.send(0, 'abc');
        s.ack(3);
        s.send(2, 'c');
      },
      3,
      0,
    ],
    [
      'one byte again, not acknowledged',
      (s) => {
        s.send(0, 'abc');
        s.send(2, 'c');
      },
      3,
      1,
    ],
    [
      'probes of a closed window',
      (s) => {
        s.send(0, 'abc');
        s.script.say('server', 'A', undefined, { ack: ISN + 4, window: 0 });
        s.send(3, 'd');
        s.send(3, 'd');
      },
      4,
      0,
    ],
    [
      'not captured, but acknowledged',
      (s) => {
        s.ack(500);
      },
      500,
      0,
    ],
    [
      'FIN again',
      (s) => {
        s.send(0, 'abc');
        for (let i = 0; i < 2; i++) s.script.say('client', 'FA', undefined, { seq: ISN + 4 });
      },
      3,
      1,
    ],
  ];
  test.each(rows)('%s', (_, tell, bytes, retransmits) => {
    expect(streamed(tell).events.at(-1)?.stats).toMatchObject({ bytesSent: bytes, retransmits });
  });
});

describe('bounds', () => {
  test('of one stream: the hole is given up, what follows goes on', () => {
    const { streams, counters } = streamed(
      (s) => {
        s.send(0, 'ab');
        for (let i = 0; i < 12; i++) s.send(4 + i * 10, '0123456789');
        s.send(2, 'cd');
      },
      { maxBufferedPerStream: 100 },
    );
    expect(streams.client).toBe(`ab<2>${'0123456789'.repeat(12)}`);
    expect(counters.gaps).toBe(1);
  });

  test('of all streams', () => {
    const packets = [1, 2, 3].flatMap((clientPort) => {
      const script = tcpScript({ clientPort });
      script.handshake();
      script.say('client', 'PA', text('x'.repeat(60)), { seq: ISN + 2 });
      return script.packets;
    });
    const { log } = run(packets, { maxBuffered: 100, finish: false });
    expect(
      log.filter((line) => line.includes('gap')).map((line) => line.split(' ').slice(0, 4).join(' ')),
    ).toEqual(['client #2 gap 1', 'client #3 gap 1']);
  });

  test('many tiny pieces', () => {
    const { streams } = streamed((s) => {
      for (let i = 0; i < 5000; i++) s.send(1 + i * 2, 'x');
    });
    expect(streams.client.replaceAll('<1>', '').length).toBe(5000);
    expect(streams.client.startsWith('<1>x<1>x')).toBe(true);
  });
});

test('a capture that cuts packets: what is missing of each is a gap of the right length', () => {
  const { script, send, ack } = stream();
  for (const [offset, data] of [
    [0, 'GET / HTTP'],
    [10, 'second pac'],
    [20, 'third'],
  ] as const) {
    const packet = send(offset, data);
    const cut = {
      ...packet,
      bytes: packet.bytes.subarray(0, 14 + 40 + 4),
      originalLength: packet.bytes.length,
    };
    script.packets[script.packets.length - 1] = cut;
    if (offset === 10) ack(20);
  }
  const { streams, events } = run(script.packets);
  expect(streams.client).toBe('GET <6>seco<6>thir<1>');
  expect(events.at(-1)?.stats).toMatchObject({ bytesSent: 25, retransmits: 0 });
});
