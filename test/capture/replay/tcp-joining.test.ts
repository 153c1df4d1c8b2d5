import { describe, expect, test } from 'vitest';
import { type Bytes, text } from '../../support/packets.ts';
import { type Ends, type Speaker, type TcpScript, tcpScript } from '../../support/tcp-script.ts';
import { endsOf, type Run, run } from './harness.ts';

const ENDS = '203.0.113.7:40000 198.51.100.2:8080';
const TURNED = '198.51.100.2:8080 203.0.113.7:40000';
const GET = text('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const OK = text('HTTP/1.1 200 OK\r\n\r\n');

type Step = readonly [from: Speaker, flags: string, payload?: Bytes];

/** A connection of which the beginning was not captured. */
function joined(tell: (s: TcpScript) => void, ends: Ends = {}): Run {
  const script = tcpScript({ client: '203.0.113.7', serverPort: 8080, ...ends });
  tell(script);
  return run(script.packets);
}

/** Ends of all that was told; they are the same for all of it. */
function endsTold({ events, facts }: Run): string {
  const all = new Set([...events, ...facts].map(endsOf));
  expect(all.size).toBe(1);
  return [...all].join(' and ');
}

describe('a connection that was joined late, between ports that do not tell', () => {
  test.each<[string, readonly Step[], string]>([
    [
      'the server acknowledges, the client asks',
      [
        ['server', 'A'],
        ['client', 'PA', GET],
      ],
      ENDS,
    ],
    ['the server answers', [['server', 'PA', OK]], ENDS],
    ['the client asks', [['client', 'PA', GET]], ENDS],
    [
      'the client acknowledges, the server answers',
      [
        ['client', 'A'],
        ['server', 'PA', OK],
      ],
      ENDS,
    ],
    [
      'the middle of an answer, then a request',
      [
        ['server', 'PA', text('half of it')],
        ['client', 'A'],
        ['client', 'PA', GET],
      ],
      ENDS,
    ],
    ['nothing tells: the first packet is the client’s', [['server', 'PA', text('x')]], TURNED],
    [
      'no payload at all',
      [
        ['server', 'A'],
        ['client', 'A'],
      ],
      TURNED,
    ],
  ])('%s', (_, steps, ends) => {
    const result = joined((s) => {
      for (const step of steps) s.say(...step);
    });
    expect(endsTold(result)).toBe(ends);
    expect(result.story).toEqual(['established', 'closed:unknown']);
    expect(result.events.every(({ role }) => role === 'unknown')).toBe(true);
  });

  test('whoever reads it is asked when it is known who serves, and told of sides and bytes as they are', () => {
    const { log, streams, events } = joined((s) => {
      s.say('server', 'A');
      s.wait(5);
      s.say('client', 'PA', GET);
      s.wait(5);
      s.say('server', 'PA', OK);
      s.say('client', 'A');
      s.say('server', 'RA');
    });
    expect(log.filter((line) => !/^(client|server)/.test(line))).toEqual([
      'established #1 @5',
      'open #1',
      'end #1 reset @10',
      'closed:reset #1 @10',
    ]);
    expect(streams).toEqual({
      client: `<0>${new TextDecoder().decode(GET)}`,
      server: `<0>${new TextDecoder().decode(OK)}`,
    });
    expect(events.at(-1)?.stats).toMatchObject({
      bytesSent: GET.length,
      bytesReceived: OK.length,
      segmentsSent: 2,
      segmentsReceived: 3,
      durationMs: 10,
    });
  });

  test('a server that is watched is the side that tells', () => {
    const result = joined((s) => s.say('server', 'PA', OK), { client: '203.0.113.7', server: '192.0.2.1' });
    expect(endsTold(result)).toBe('192.0.2.1:8080 203.0.113.7:40000');
  });

  test('what both ends begin with ends the search, and is read', () => {
    const result = joined((s) => {
      s.say('client', 'PA', text('SSH-2.0-x\r\n'));
      s.say('server', 'PA', GET);
    });
    expect(endsTold(result)).toBe(ENDS);
    expect(result.events.at(-1)?.spoken).toBe('ssh');
  });

  test('the first that tells decides', () => {
    const result = joined((s) => {
      s.say('client', 'PA', GET);
      s.say('server', 'PA', GET);
    });
    expect(endsTold(result)).toBe(ENDS);
    expect(result.streams.server).toBe(`<0>${new TextDecoder().decode(GET)}`);
  });

  test('the search has an end: then all goes on as guessed', () => {
    const result = joined((s) => {
      for (let i = 0; i < 70; i++) s.say('server', 'PA', text(`${i % 10}`));
      s.say('client', 'PA', GET);
    });
    expect(endsTold(result)).toBe(TURNED);
    expect(result.streams.client).toBe('<0>3456789');
  });

  test('a SYN of the next connection of the ports is told from which side it is', () => {
    const { story, streams } = joined((s) => {
      s.say('server', 'A');
      s.next.client = 5_000_000;
      s.next.server = 7_000_000;
      s.say('client', 'S');
      s.say('server', 'PA', OK, { seq: 900_000, ack: 1000 });
      s.say('server', 'SA');
      s.say('client', 'A');
      s.say('client', 'PA', GET);
    });
    expect(story).toEqual(['established', 'closed:unknown', 'attempted', 'established', 'closed:unknown']);
    expect(streams.client).toMatch(/^GET/);
  });
});

test('ports tell more than payload: a file that is served may hold requests', () => {
  const result = joined((s) => s.say('server', 'PA', GET), { serverPort: 80 });
  expect(endsTold(result)).toBe('203.0.113.7:40000 198.51.100.2:80');
  expect(result.log[0]).toBe('established #1 @0');
});

test('a connection that is seen from its beginning is not looked at', () => {
  const result = joined((s) => {
    s.handshake();
    s.say('client', 'PA', OK);
  });
  expect(endsTold(result)).toBe(ENDS);
});
