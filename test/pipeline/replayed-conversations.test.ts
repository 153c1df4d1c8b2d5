import { describe, expect, test } from 'vitest';
import type { ContentEvent } from '../../src/model/event.ts';
import type { TimedPacket } from '../support/capture-files.ts';
import { EXCHANGES, packetsOf, replayed, statusOf, TALES, type Tale, type Turn } from './told.ts';

const cases = TALES.map((tale) => [tale.name, tale] as const);
const reference = ({ serverPort, turns }: Tale): ContentEvent[] => replayed(packetsOf(serverPort, turns));

/** The turns with one of them cut in two, for each byte of all. */
function* cuts(turns: readonly Turn[]): Generator<Turn[]> {
  for (const [index, [side, bytes]] of turns.entries()) {
    for (let at = 1; at < bytes.length; at++) {
      yield [
        ...turns.slice(0, index),
        [side, bytes.subarray(0, at)],
        [side, bytes.subarray(at)],
        ...turns.slice(index + 1),
      ];
    }
  }
}

/** Segments of `size` bytes. */
function inSegments(turns: readonly Turn[], size: number): Turn[] {
  return turns.flatMap(([side, bytes]) =>
    Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i): Turn => [side, bytes.subarray(i * size, (i + 1) * size)],
    ),
  );
}

const SWITCHING = 101;

/** Which exchange an event tells of, by what only its request or only its response says: they must not differ. */
function exchangesOf(event: ContentEvent): Set<number> {
  if (event.kind === 'tls') return new Set(event.tls.serverName === 'www.example.com' ? [0] : [-1]);
  if (event.kind === 'dns') {
    const { questionName, answers } = event.dns;
    const asked = /^n(\d)\.example\.com$/.exec(questionName)?.[1];
    return new Set([
      Number(asked ?? -1),
      ...(answers ?? []).map(({ data }) => Number(data.split('.')[3]) - 1),
    ]);
  }
  if (event.kind === 'grpc') {
    const { method, statusCode } = event.grpc;
    const numbers = [method?.startsWith('Get') ? Number(method.slice(3)) : undefined, statusCode];
    return new Set(numbers.filter((n) => n !== undefined));
  }
  const { target, statusCode, requestHeaders, responseHeaders, responseBodyBytes } = event.http;
  const header = (list: typeof requestHeaders, name: string): number | undefined => {
    const value = list.find(([key]) => key === name)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const numbers = [
    target === undefined ? undefined : Number(target.slice(1)),
    statusCode === undefined || statusCode === SWITCHING ? undefined : statusCode - statusOf(0),
    header(requestHeaders, 'x-ask'),
    header(responseHeaders, 'x-answer'),
    responseBodyBytes === undefined || responseBodyBytes === 0 ? undefined : responseBodyBytes - 1,
  ];
  return new Set(numbers.filter((n) => n !== undefined));
}

/** What is told is true: no event mixes two exchanges, none is of an exchange that there was not. */
function expectTrue(events: readonly ContentEvent[], what: string): void {
  for (const event of events) {
    const numbers = [...exchangesOf(event)];
    expect(numbers.length, `${what}: ${JSON.stringify(event)}`).toBeLessThanOrEqual(1);
    for (const n of numbers) expect(n >= 0 && n < EXCHANGES, `${what}: ${JSON.stringify(event)}`).toBe(true);
  }
}

describe.each(cases)('%s, replayed', (_name, tale) => {
  const { serverPort, turns } = tale;
  const whole = reference(tale);
  const isData = ({ bytes }: TimedPacket): boolean => bytes.length > 54;

  test('whole: every exchange is told', () => {
    expect(whole).toHaveLength(tale.events);
    expectTrue(whole, 'whole');
  });

  test('cut in two at every byte, and into single bytes: the same', () => {
    for (const cut of cuts(turns)) expect(replayed(packetsOf(serverPort, cut, false))).toEqual(whole);
    expect(replayed(packetsOf(serverPort, inSegments(turns, 1), false))).toEqual(whole);
  });

  test('neighbours in the wrong order, and every segment twice: the same', () => {
    const packets = packetsOf(serverPort, inSegments(turns, 20), false);
    for (let at = 3; at + 1 < packets.length; at++) {
      const [one, two] = [packets[at] as TimedPacket, packets[at + 1] as TimedPacket];
      // Those of different sides are not out of order, they only crossed.
      if (!isData(one) || !isData(two) || one.bytes[29] !== two.bytes[29]) continue;
      expect(replayed(packets.toSpliced(at, 2, two, one)), `${at}`).toEqual(whole);
    }
    expect(replayed(packets.flatMap((packet) => (isData(packet) ? [packet, packet] : [packet])))).toEqual(
      whole,
    );
  });

  test('a piece lost: nothing wrong', () => {
    const packets = packetsOf(serverPort, inSegments(turns, 20));
    for (const [at, packet] of packets.entries()) {
      if (at >= 3 && isData(packet)) expectTrue(replayed(packets.toSpliced(at, 1)), `without ${at}`);
    }
  });

  test('a segment lost: all other exchanges are told, each with its own answer', () => {
    const packets = packetsOf(serverPort, turns);
    for (const [at, packet] of packets.entries()) {
      if (at < 3 || !isData(packet)) continue;
      const events = replayed(packets.toSpliced(at, 1));
      expectTrue(events, `without ${at}`);
      const told = new Set(events.flatMap((event) => [...exchangesOf(event)]));
      expect(told.size, `without ${at}`).toBeGreaterThanOrEqual(tale.name === 'TLS' ? 0 : EXCHANGES - 1);
    }
  });

  test('the capture ends after any packet, or begins before any: nothing wrong', () => {
    const packets = packetsOf(serverPort, inSegments(turns, 20));
    for (let at = 0; at <= packets.length; at++) {
      expectTrue(replayed(packets.slice(0, at)), `first ${at}`);
      expectTrue(replayed(packets.slice(at)), `from ${at}`);
    }
  });
});
