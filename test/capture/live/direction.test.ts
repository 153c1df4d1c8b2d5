import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Direction } from '../../../src/capture/live/direction.ts';
import { createStreamCounters } from '../../../src/capture/live/stream-counters.ts';
import { notes, PIECE, type PieceFields, piece } from './pieces.ts';

const { ALIGNED, QUIET, UNORDERED, COMPLETE } = PIECE;

/** Feeds pieces with ordinals in their order, unless they have their own; `end`: behind the last byte. */
function told(pieces: readonly PieceFields[], end?: number): { text: string; counters: object } {
  const { consumer, text } = notes();
  const counters = createStreamCounters();
  const direction = new Direction('client', consumer, counters);
  for (const [i, fields] of pieces.entries()) direction.piece(piece({ ordinal: i, ...fields }));
  direction.end(end, 0);
  const found = Object.entries(counters).filter(([, count]) => count > 0);
  return { text: text.client, counters: Object.fromEntries(found) };
}

const CASES: { name: string; pieces: PieceFields[]; end?: number; text: string; counters?: object }[] = [
  {
    name: 'in order',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 7, text: 'cd' },
    ],
    end: 9,
    text: 'abcd',
  },
  {
    name: 'over the wrap',
    pieces: [
      { seq: 0xffff_ffff, text: 'ab' },
      { seq: 1, text: 'cd' },
    ],
    end: 3,
    text: 'abcd',
  },
  {
    name: 'left out between',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 17, text: 'cd' },
    ],
    end: 19,
    text: 'ab<10>cd',
  },
  { name: 'left out at the end', pieces: [{ seq: 5, text: 'ab' }], end: 107, text: 'ab<100>' },
  { name: 'no piece at all of what was said', pieces: [], end: 107, text: '<0>' },
  {
    name: 'a body that is over',
    pieces: [
      { seq: 5, text: 'ab', passed: 10, flags: COMPLETE },
      { seq: 17, text: 'cd' },
    ],
    end: 19,
    text: 'ab<10>cd',
  },
  {
    name: 'a body that goes on',
    pieces: [
      { seq: 5, text: 'ab', passed: 10 },
      { seq: 20, text: '', flags: COMPLETE },
    ],
    end: 20,
    text: 'ab<13>',
  },
  {
    name: 'repeated',
    pieces: [
      { seq: 5, text: 'abc' },
      { seq: 5, text: 'abc' },
      { seq: 6, text: 'bcd' },
    ],
    end: 9,
    text: 'abcd',
    counters: { repeatedBytes: 5 },
  },
  {
    name: 'frames left out, with content',
    pieces: [
      { seq: 5, text: 'ab', flags: ALIGNED },
      { seq: 17, text: 'cd', flags: ALIGNED },
    ],
    end: 99,
    text: 'ab<10|>cd',
  },
  {
    name: 'frames left out, without content',
    pieces: [
      { seq: 5, text: 'ab', flags: ALIGNED },
      { seq: 17, text: 'cd', flags: ALIGNED | QUIET },
    ],
    end: 99,
    text: 'abcd',
  },
  {
    name: 'lost',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 9, text: 'ef', ordinal: 2 },
    ],
    end: 11,
    text: 'ab<0>ef',
    counters: { lostPieces: 1 },
  },
  {
    name: 'lost between frames',
    pieces: [
      { seq: 5, text: 'ab', flags: ALIGNED },
      { seq: 9, text: 'ef', ordinal: 3, flags: ALIGNED },
    ],
    text: 'ab<0|>ef',
    counters: { lostPieces: 2 },
  },
  {
    name: 'lost at the start',
    pieces: [{ seq: 5, text: 'ab', ordinal: 1 }],
    end: 7,
    text: '<0>ab',
    counters: { lostPieces: 1 },
  },
  {
    name: 'early',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 9, text: 'ef', flags: UNORDERED },
      { seq: 7, text: 'cd', flags: UNORDERED },
    ],
    end: 11,
    text: 'abcdef',
    counters: { earlyPieces: 1 },
  },
  {
    name: 'early, several, out of turn and overlapping',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 11, text: 'gh', flags: UNORDERED },
      { seq: 8, text: 'def', flags: UNORDERED },
      { seq: 10, text: 'fg', flags: UNORDERED },
      { seq: 6, text: 'bcd', flags: UNORDERED },
    ],
    end: 13,
    text: 'abcdefgh',
    counters: { earlyPieces: 3, repeatedBytes: 4 },
  },
  {
    name: 'never filled',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 9, text: 'ef', flags: UNORDERED },
      { seq: 13, text: 'ij', flags: UNORDERED },
    ],
    end: 15,
    text: 'ab<2>ef<2>ij',
    counters: { earlyPieces: 2, holes: 2 },
  },
  {
    name: 'never filled, and ordered pieces go on',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 9, text: 'ef', flags: UNORDERED },
      { seq: 11, text: 'gh' },
    ],
    end: 13,
    text: 'ab<2>efgh',
    counters: { earlyPieces: 1, holes: 1 },
  },
  {
    name: 'lost while others wait',
    pieces: [
      { seq: 5, text: 'ab' },
      { seq: 9, text: 'ef', flags: UNORDERED },
      { seq: 20, text: 'xy', flags: UNORDERED, ordinal: 4 },
    ],
    end: 22,
    text: 'ab<2>ef<0>xy',
    counters: { earlyPieces: 1, holes: 1, lostPieces: 2 },
  },
];

describe('one direction', () => {
  test.each(CASES)('$name', ({ pieces, end, text, counters = {} }) => {
    expect(told(pieces, end)).toEqual({ text, counters });
  });

  test('what comes early waits, within bounds, and not for ever', () => {
    const { consumer, text } = notes();
    const counters = createStreamCounters();
    const direction = new Direction('server', consumer, counters);
    direction.piece(piece({ seq: 0, text: 'a' }));
    for (let i = 0; i < 256; i++)
      direction.piece(
        piece({ seq: 10 + i * 2, text: 'x', ordinal: 1 + i, flags: UNORDERED, timeMs: 1000 + i }),
      );
    expect(text.server).toBe('a');
    direction.piece(piece({ seq: 10 + 512, text: 'x', ordinal: 257, flags: UNORDERED, timeMs: 2000 }));
    expect(text.server).toBe(`a<9>x${'<1>x'.repeat(256)}`);
    direction.piece(piece({ seq: 600, text: 'y', ordinal: 258, flags: UNORDERED, timeMs: 3000 }));
    const { timeMs } = piece({ timeMs: 3000 });
    direction.sweep(timeMs, timeMs);
    expect(text.server.endsWith('x')).toBe(true);
    direction.sweep(timeMs + 1, timeMs + 1);
    expect(text.server.endsWith('<77>y')).toBe(true);
    expect(counters.holes).toBe(258);
  });

  test('too many bytes that wait are given up', () => {
    const { consumer, text } = notes();
    const direction = new Direction('server', consumer, createStreamCounters());
    direction.piece(piece({ seq: 0, text: 'a' }));
    const large = 'z'.repeat(8000);
    for (let i = 0; i < 66; i++)
      direction.piece(piece({ seq: 2 + i * 8000, text: large, ordinal: 1 + i, flags: UNORDERED }));
    expect(text.server).toBe(`a<1>${'z'.repeat(66 * 8000)}`);
  });

  test('bytes that came to the listener go in front', () => {
    const { consumer, text } = notes();
    const direction = new Direction('client', consumer, createStreamCounters());
    direction.prepend(5, Buffer.from('ab'), 0);
    direction.piece(piece({ seq: 5, text: 'abc' }));
    expect(text.client).toBe('abc');
  });
});

/* ---- properties -------------------------------------------------------------------------------------------------- */

const LENGTH = 400;
const TRUTH = Array.from({ length: LENGTH }, (_, i) =>
  String.fromCharCode(97 + ((i * 7 + (i >> 4)) % 26)),
).join('');
const chunk = fc.tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: 60 }));
const anyStart = fc.constantFrom(0, 1000, 0xffff_ff80, 0x7fff_ff90);

/** Whether the notes are the truth with gaps of the right size. Behind a loss (`<0>`) any later place will do. */
function isTrue(text: string): boolean {
  let at = 0;
  for (const [, bytes = '', gap] of text.matchAll(/([a-z]+)|<(\d+)\|?>/g)) {
    if (gap === undefined) {
      if (TRUTH.slice(at, at + bytes.length) !== bytes) {
        at = TRUTH.indexOf(bytes, at);
        if (at < 0 || !text.includes('<0')) return false;
      }
      at += bytes.length;
    } else at += Number(gap);
  }
  return true;
}

describe('properties', () => {
  test('any order of pieces that cover everything: the plain feed', () => {
    const property = fc.property(
      fc.array(chunk, { maxLength: 30 }),
      fc.array(fc.nat(1000)),
      anyStart,
      (chunks, order, start) => {
        const cover = Array.from({ length: LENGTH / 20 }, (_, i) => [i * 20, 20] as const);
        const all = [...cover.slice(1), ...chunks].map((each, i) => [order[i] ?? i, each] as const);
        const sorted = [
          cover[0] as readonly [number, number],
          ...all.sort(([a], [b]) => a - b).map(([, each]) => each),
        ];
        const { text } = told(
          sorted.map(([at, size]) => ({
            seq: start + at,
            text: TRUTH.slice(at, at + size),
            flags: UNORDERED,
          })),
          (start + LENGTH) >>> 0,
        );
        expect(text).toBe(TRUTH);
      },
    );
    fc.assert(property, { seed: 21, numRuns: 400 });
  });

  test('any cut, any drop, any of them early: no byte in a wrong place', () => {
    const step = fc.record({
      skip: fc.nat(20),
      size: fc.integer({ min: 1, max: 40 }),
      fate: fc.constantFrom('kept', 'kept', 'kept', 'early', 'repeated', 'dropped'),
    });
    const property = fc.property(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      anyStart,
      (steps, start) => {
        // Like the kernel side: pieces in the order of the stream, with parts left out, and for each its ordinal.
        let at = 0;
        const shipped: (PieceFields & { fate: string })[] = [
          { seq: start, text: TRUTH.slice(0, 1), fate: 'kept' },
        ];
        for (const { skip, size, fate } of steps) {
          at += 1 + skip;
          const text = TRUTH.slice(at, at + size);
          at += size - 1;
          const flags = fate === 'early' || fate === 'repeated' ? UNORDERED : 0;
          shipped.push({ seq: start + at - size + 1, text, flags, fate });
          if (fate === 'repeated') shipped.push({ seq: start + at - size + 1, text, flags, fate });
        }
        const arrived = shipped
          .map((each, ordinal) => ({ ...each, ordinal }))
          .filter(({ fate }) => fate !== 'dropped');
        const { text } = told(arrived, (start + at + 1) >>> 0);
        expect(isTrue(text), text).toBe(true);
      },
    );
    fc.assert(property, { seed: 22, numRuns: 400 });
  });
});
