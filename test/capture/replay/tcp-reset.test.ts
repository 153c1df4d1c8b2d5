import { describe, expect, test } from 'vitest';
import { ip, PROTO, text, udp } from '../../support/packets.ts';
import type { TcpScript } from '../../support/tcp-script.ts';
import { type Run, run } from './harness.ts';
import { at, told } from './tales.ts';

/** The client asks, the server acknowledges; 3 ms from the begin. */
function begin(s: TcpScript): void {
  s.handshake();
  s.say('client', 'PA', text('ask '));
  s.say('server', 'A');
}

/** In the window of the server, and not the next byte of the client. */
function doubtfulReset(s: TcpScript, distance = 100): void {
  s.wait(1);
  s.say('client', 'R', undefined, { seq: s.next.client + distance });
  s.wait(1);
}

const tellAll = (tell: (s: TcpScript) => void): Run =>
  run(
    told((s) => {
      begin(s);
      tell(s);
    }),
  );
const ending = ({ log }: Run): string | undefined => log.findLast((line) => line.startsWith('closed'));
const later = (ms: number) => at(ms, ip({ protocol: PROTO.udp }, udp({}, text('x'))));

describe('a reset in the window that is not the next byte', () => {
  test.each<[string, (s: TcpScript) => void]>([
    ['the end that is said to have reset sends data', (s) => s.say('client', 'PA', text('more'))],
    ['it acknowledges', (s) => s.say('client', 'A')],
    ['it repeats what it sent', (s) => s.say('client', 'PA', text('ask '), { seq: s.next.client - 4 })],
    ['it closes', (s) => s.say('client', 'FA')],
    ['the other end sends data', (s) => s.say('server', 'PA', text('answer'))],
    ['the other end closes', (s) => s.say('server', 'FA')],
    ['the other end acknowledges more', (s) => s.say('server', 'A', undefined, { ack: s.next.client + 7 })],
  ])('changes nothing when %s', (_, goOn) => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      goOn(s);
    });
    expect(result.counters).toMatchObject({ ignoredResets: 1, afterEnd: 0 });
    expect(ending(result)).toMatch('closed:unknown');
  });

  test('the connection is read on, to its real end', () => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      s.say('server', 'A');
      s.wait(60_000);
      s.say('client', 'PA', text('and again'));
      s.say('server', 'PA', text('answer'));
      doubtfulReset(s, 1);
      s.close();
    });
    expect(result.streams).toEqual({ client: 'ask and again', server: 'answer' });
    expect(result.story).toEqual(['attempted', 'established', 'closed:closed']);
    expect(result.counters).toMatchObject({ ignoredResets: 2, flows: 1, afterEnd: 0 });
  });

  test.each<[string, (s: TcpScript) => void]>([
    ['nothing follows', () => undefined],
    ['only the challenge follows', (s) => s.say('server', 'A')],
    ['others follow', (s) => doubtfulReset(s, 300)],
  ])('ends the connection at its time when %s', (_, goOn) => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      s.wait(500);
      goOn(s);
    });
    expect(result.story.at(-1)).toBe('closed:aborted');
    expect(result.events.at(-1)?.stats).toMatchObject({ durationMs: 4 });
    expect(result.log).toContain('end #1 reset @4');
    expect(result.counters.ignoredResets).toBe(0);
  });

  test('a real reset behind it ends the connection at once', () => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      s.say('server', 'A');
      s.wait(10);
      s.say('client', 'R');
    });
    expect(ending(result)).toBe('closed:aborted #1 @15');
    expect(result.events.at(-1)?.stats).toMatchObject({ durationMs: 15 });
  });

  test('from the server: the other reason', () => {
    const result = tellAll((s) => s.say('server', 'R', undefined, { seq: s.next.server + 9 }));
    expect(result.story.at(-1)).toBe('closed:reset');
  });

  test('is given ten seconds without an answer; with one, the time of any connection', () => {
    const silent = told((s) => {
      begin(s);
      doubtfulReset(s);
    });
    const challenged = told(
      (s) => {
        begin(s);
        doubtfulReset(s);
        s.say('server', 'A');
      },
      { clientPort: 7 },
      100,
    );
    const result = run([...silent, ...challenged, later(10_003), later(10_005), later(3_700_000)], {
      finish: false,
    });
    const ends = result.log.filter((line) => line.startsWith('closed') && !line.includes('#3'));
    expect(ends).toEqual(['closed:aborted #1 @10004', 'closed:aborted #2 @3600105']);
    expect(result.events.filter(({ stats }) => stats?.durationMs === 4)).toHaveLength(2);
  });

  test.each([
    ['bytes before it were not captured', 4],
    ['one before the next byte', -1],
  ])('%s: a reset as good as any when nothing follows', (_, distance) => {
    const result = tellAll((s) => s.say('client', 'RA', undefined, { seq: s.next.client + distance }));
    expect(result.story.at(-1)).toBe('closed:aborted');
  });

  test('of a client that has sent more than it says: the server goes on', () => {
    const result = tellAll((s) => {
      s.say('client', 'PA', text('evil'));
      s.say('client', 'R', undefined, { seq: s.next.client - 4 });
      s.say('server', 'PA', text('answer'));
    });
    expect(result.streams).toEqual({ client: 'ask evil', server: 'answer' });
  });

  test('in front of a hole in the stream: what waits behind it is given with the time of the reset', () => {
    const result = tellAll((s) => {
      s.say('client', 'PA', text('behind'), { seq: s.next.client + 4 });
      s.say('client', 'R', undefined, { seq: s.next.client + 10 });
    });
    expect(result.streams.client).toBe('ask <4>behind');
    expect(result.log).toContain('end #1 reset @3');
  });
});

describe('ports used again after a doubtful reset', () => {
  const second = (s: TcpScript): void => {
    s.next.client = 5_000_000;
    s.next.server = 7_000_000;
    s.handshake();
    s.say('client', 'PA', text('again'));
  };

  test('the answer to the new SYN confirms the reset', () => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      second(s);
    });
    expect(result.story.slice(0, 5)).toEqual([
      'attempted',
      'established',
      'closed:aborted',
      'attempted',
      'established',
    ]);
    expect(result.events[2]?.stats).toMatchObject({ durationMs: 4 });
    expect(result.streams.client).toBe('ask again');
  });

  test('a forged SYN does not', () => {
    const result = tellAll((s) => {
      doubtfulReset(s);
      s.say('client', 'S', undefined, { seq: 77 });
      s.say('server', 'A');
      s.say('client', 'PA', text('still here'));
    });
    expect(result.streams.client).toBe('ask still here');
    expect(result.story).toEqual(['attempted', 'established', 'closed:unknown']);
  });
});

describe('the next byte, where a reset ends the connection at once', () => {
  test.each<[string, (s: TcpScript) => void]>([
    ['behind data that is not acknowledged', (s) => s.say('client', 'PA', text('x'))],
    ['behind a FIN', (s) => s.say('client', 'FA')],
    [
      'behind bytes that were not captured and are acknowledged',
      (s) => {
        s.next.client += 50;
        s.say('server', 'A');
      },
    ],
  ])('%s', (_, tell) => {
    const result = tellAll((s) => {
      tell(s);
      s.wait(1);
      s.say('client', 'R');
      s.wait(1);
      s.say('server', 'PA', text('late'));
    });
    expect(ending(result)).toBe('closed:aborted #1 @4');
    expect(result.counters.afterEnd).toBe(1);
  });
});
