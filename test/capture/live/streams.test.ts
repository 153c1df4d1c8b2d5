import { describe, expect, test } from 'vitest';
import type { StreamClosed } from '../../../src/capture/decode.ts';
import { type ContentReader, LiveStreams } from '../../../src/capture/live/streams.ts';
import type { ConversationFacts, Side } from '../../../src/model/conversation.ts';
import { type Notes, notes, PIECE, piece, RECEIVED, SENT } from './pieces.ts';

const SERVER = 2;
const UNKNOWN = 0;

interface Opened {
  readonly facts: ConversationFacts;
  readonly notes: Notes;
}

/** A reader that opens everything, and what it was given. */
function harness(capacity?: number): {
  streams: LiveStreams;
  opened: Opened[];
  datagrams: { facts: ConversationFacts; side: Side; text: string }[];
} {
  const opened: Opened[] = [];
  const datagrams: { facts: ConversationFacts; side: Side; text: string }[] = [];
  const reader: ContentReader = {
    openStream: (facts) => {
      const written = notes();
      opened.push({ facts, notes: written });
      return written.consumer;
    },
    datagram: (facts, side, bytes) =>
      datagrams.push({ facts, side, text: Buffer.from(bytes).toString('latin1') }),
  };
  return { streams: new LiveStreams(reader, capacity), opened, datagrams };
}

const closed = (socketId: number, seen: StreamClosed['seen'], reset = false): StreamClosed => ({
  kind: 'stream-closed',
  timeMs: 0,
  socketId,
  seen,
  reset,
});

describe('streams', () => {
  test('both directions of a client, to their ends', () => {
    const { streams, opened } = harness();
    streams.payload(piece({ direction: SENT, seq: 1, text: 'ask' }));
    streams.payload(piece({ direction: RECEIVED, seq: 100, text: 'answer' }));
    streams.closed(closed(7, [110, 4]));
    expect(opened).toHaveLength(1);
    expect(opened[0]?.notes).toMatchObject({
      text: { client: 'ask', server: 'answer<4>' },
      ends: ['closed'],
    });
    expect(opened[0]?.facts).toMatchObject({
      role: 'client',
      socketId: 7,
      transport: 'tcp',
      remote: { port: 80 },
    });
    expect(streams.size).toBe(0);
    expect(streams.counters).toMatchObject({ opened: 1, closed: 1 });
  });

  test('of a server, what it receives is the client’s; a reset is told', () => {
    const { streams, opened } = harness();
    streams.payload(piece({ role: SERVER, direction: RECEIVED, text: 'ask' }));
    streams.payload(piece({ role: SERVER, direction: SENT, text: 'answer' }));
    streams.closed(closed(7, [undefined, undefined], true));
    expect(opened[0]?.notes).toMatchObject({ text: { client: 'ask', server: 'answer' }, ends: ['reset'] });
  });

  test('the end of a socket that said nothing is none', () => {
    const { streams } = harness();
    streams.closed(closed(9, [1, 1]));
    expect(streams.counters.closed).toBe(0);
  });

  test.each([
    { text: 'GET / HTTP/1.1\r\n', direction: SENT, localPort: 1, role: 'client' },
    { text: 'GET / HTTP/1.1\r\n', direction: RECEIVED, localPort: 60_000, role: 'server' },
    { text: 'HTTP/1.1 200 OK\r\n', direction: SENT, localPort: 60_000, role: 'server' },
    { text: 'HTTP/1.1 200 OK\r\n', direction: RECEIVED, localPort: 1, role: 'client' },
    { text: '\x16\x03\x01\x00\x10\x01', direction: SENT, localPort: 1, role: 'client' },
    { text: '\x16\x03\x01\x00\x10\x02', direction: SENT, localPort: 1, role: 'server' },
    { text: '?', direction: SENT, localPort: 79, role: 'server' },
    { text: '?', direction: SENT, localPort: 81, role: 'client' },
  ] as const)(
    'older than telegen, begins with $text ($direction): $role',
    ({ text, direction, localPort, role }) => {
      const { streams, opened } = harness();
      streams.payload(piece({ role: UNKNOWN, text, direction, localPort, remotePort: 80 }));
      expect(opened[0]?.facts.role).toBe(role);
      const side = (role === 'client') === (direction === SENT) ? 'client' : 'server';
      expect(opened[0]?.notes.text[side]).toBe(text);
    },
  );

  test('the worker becomes known while the stream lives', () => {
    const { streams, opened } = harness();
    streams.payload(piece({ role: SERVER, direction: RECEIVED, text: 'ask', attribution: 3 }));
    expect(opened[0]?.facts.attribution).toBe('listener');
    streams.payload(piece({ role: SERVER, direction: SENT, text: 'answer', attribution: 2 }));
    expect(opened[0]?.facts.attribution).toBe('worker');
  });

  test('a reader that wants nothing of a stream is not asked again', () => {
    let asked = 0;
    const streams = new LiveStreams({
      openStream: () => {
        asked++;
        return undefined;
      },
      datagram: () => undefined,
    });
    for (let i = 0; i < 3; i++) streams.payload(piece({ seq: i, text: 'x', ordinal: i }));
    expect(asked).toBe(1);
    streams.closed(closed(7, [undefined, 3]));
    expect(streams.size).toBe(0);
  });

  test('full: the one that has been silent longest ends', () => {
    const { streams, opened } = harness(3);
    for (const socketId of [1, 2, 3]) streams.payload(piece({ socketId, text: 'a', timeMs: socketId }));
    streams.payload(piece({ socketId: 1, text: 'b', seq: 1, ordinal: 1, timeMs: 10 }));
    streams.payload(piece({ socketId: 4, text: 'a', timeMs: 11 }));
    expect(streams.size).toBe(3);
    expect(opened.map(({ notes: { ends } }) => ends.length)).toEqual([0, 1, 0, 0]);
    expect(streams.counters.evicted).toBe(1);
    streams.end(0);
    expect(opened.map(({ notes: { ends } }) => ends.length)).toEqual([1, 1, 1, 1]);
    expect(streams.size).toBe(0);
  });

  test('full of streams that all speak: one ends all the same', () => {
    const { streams } = harness(2);
    for (let i = 0; i < 50; i++)
      for (const socketId of [1, 2, 3])
        streams.payload(piece({ socketId, text: 'a', seq: i, ordinal: i, timeMs: i }));
    expect(streams.size).toBe(2);
  });

  test('datagrams', () => {
    const { streams, datagrams } = harness();
    streams.payload(piece({ protocol: 17, text: 'ask', direction: SENT, remotePort: 53 }));
    streams.payload(piece({ protocol: 17, role: SERVER, text: 'ask', direction: RECEIVED }));
    streams.payload(piece({ protocol: 17, role: SERVER, text: 'answer', direction: SENT }));
    expect(datagrams.map(({ side, text }) => `${side} ${text}`)).toEqual([
      'client ask',
      'client ask',
      'server answer',
    ]);
    expect(datagrams[0]?.facts).toMatchObject({
      transport: 'udp',
      remote: { port: 53 },
      attribution: 'socket',
    });
  });

  test('what is missing is given up by the clock', () => {
    const { streams, opened } = harness();
    streams.payload(piece({ seq: 0, text: 'a' }));
    streams.payload(piece({ seq: 5, text: 'b', ordinal: 1, flags: PIECE.UNORDERED, timeMs: 1000 }));
    const { timeMs } = piece({ timeMs: 1000 });
    streams.sweep(timeMs + 2999);
    expect(opened[0]?.notes.text.client).toBe('a');
    streams.sweep(timeMs + 3001);
    expect(opened[0]?.notes.text.client).toBe('a<4>b');
  });
});

describe('bytes that came to a listener', () => {
  const orphan = (remotePort: number, timeMs = 0) =>
    piece({
      role: SERVER,
      direction: RECEIVED,
      socketId: 99,
      seq: 5,
      text: 'ask',
      flags: PIECE.ORPHAN,
      remotePort,
      timeMs,
    });

  test('go in front of what the connection says', () => {
    const { streams, opened } = harness();
    streams.payload(orphan(1000));
    streams.payload(orphan(1001));
    // The peer repeats what the listener did not acknowledge.
    streams.payload(orphan(1000));
    streams.payload(piece({ role: SERVER, direction: SENT, text: 'answer', remotePort: 1000 }));
    streams.payload(piece({ role: SERVER, direction: RECEIVED, text: 'more', seq: 8, remotePort: 1000 }));
    expect(opened).toHaveLength(1);
    expect(opened[0]?.notes.text).toEqual({ client: 'askmore', server: 'answer' });
    expect(streams.counters.lostOrphans).toBe(0);
  });

  test('of an older connection between the same ends are forgotten', () => {
    const { streams, opened } = harness();
    streams.payload(orphan(1000));
    const { role, direction, flags } = { role: SERVER, direction: RECEIVED, flags: PIECE.ORPHAN } as const;
    streams.payload(piece({ role, direction, flags, socketId: 99, seq: 70, text: 'new', remotePort: 1000 }));
    streams.payload(piece({ role, direction, text: 'more', seq: 73, remotePort: 1000 }));
    expect(opened[0]?.notes.text.client).toBe('newmore');
    expect(streams.counters.lostOrphans).toBe(1);
  });

  test('are given up when nobody comes, or too many wait', () => {
    const { streams } = harness();
    for (let port = 0; port < 1030; port++) streams.payload(orphan(1000 + port, port));
    expect(streams.counters.lostOrphans).toBe(6);
    const { timeMs } = piece({ timeMs: 0 });
    streams.sweep(timeMs + 10_005);
    expect(streams.counters.lostOrphans).toBe(6);
    streams.sweep(timeMs + 10_010);
    expect(streams.counters.lostOrphans).toBe(11);
    streams.sweep(timeMs + 99_000);
    expect(streams.counters.lostOrphans).toBe(1030);
  });
});
