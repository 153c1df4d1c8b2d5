import { describe, expect, test } from 'vitest';
import { SNIFF_BYTES } from '../../src/protocols/sniff.ts';
import {
  CLIENT_START,
  extendHead,
  SERVER_START,
  type StreamHead,
  sniffable,
} from '../../src/protocols/stream-head.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const LINE = 'PROXY UNKNOWN\r\n';
const BINARY = `\r\n\r\n\0\r\nQUIT\n\x21\x11\x01\0${'a'.repeat(256)}`;

const headOf = (start: StreamHead, pieces: readonly string[]): StreamHead =>
  pieces.reduce((head, piece) => extendHead(head, bytes(piece)), start);
const told = (head: StreamHead) => [String.fromCharCode(...sniffable(head)), head.header, head.headerLeft];

describe('the head of a stream', () => {
  test.each<[string, StreamHead, readonly string[], unknown[]]>([
    ['no header', CLIENT_START, ['GET', ' /'], ['GET /', 0, 0]],
    ['part of a line', CLIENT_START, ['PROXY UN', 'KNOWN'], ['', undefined, 0]],
    ['a line', CLIENT_START, ['PROXY UN', 'KNOWN\r\nab', 'c'], ['abc', 15, 0]],
    ['what only begins like one', CLIENT_START, ['PRO', 'TOCOL'], ['PROTOCOL', 0, 0]],
    ['part of version 2', CLIENT_START, [BINARY.slice(0, 15)], ['', undefined, 0]],
    ['more of it', CLIENT_START, [BINARY.slice(0, 15), BINARY.slice(15, 40)], ['', 272, 232]],
    ['all of it', CLIENT_START, [BINARY.slice(0, 40), BINARY.slice(40), 'abc'], ['abc', 272, 0]],
    ['all of it at once', CLIENT_START, [`${BINARY}abc`], ['abc', 272, 0]],
    ['a server has none', SERVER_START, [LINE], [LINE, 0, 0]],
  ])('%s', (_name, start, pieces, expected) => {
    expect(told(headOf(start, pieces))).toEqual(expected);
  });

  test('is as long as sniffing needs', () => {
    const head = headOf(CLIENT_START, [LINE, 'x'.repeat(200), 'x'.repeat(200)]);
    expect(sniffable(head)).toHaveLength(SNIFF_BYTES);
  });
});
