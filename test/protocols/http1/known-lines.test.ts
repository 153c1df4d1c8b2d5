import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/model/conversation.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { knownLine, rememberLine } from '../../../src/protocols/http1/known-lines.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** The request's fields as a new conversation reads them. */
function fieldsOf(head: string, headers?: ReadonlySet<string>): readonly HeaderField[] | undefined {
  let fields: readonly HeaderField[] | undefined;
  const conversation = createHttp1Conversation({
    onExchange: ({ requestHeaders }) => {
      fields = requestHeaders;
    },
    ...(headers && { headers }),
  });
  conversation.data('client', bytesOf(head), 1);
  conversation.end(2, false);
  return fields;
}

const request = (...lines: readonly string[]): string => `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;

describe('lines that are known', () => {
  it('read alike the first time and every time', () => {
    const head = request('Host: known.example.com', 'X-One:  two words \t', 'Content-Length:0', 'Empty:');
    const first = fieldsOf(head);
    expect(first).toEqual([
      ['host', 'known.example.com'],
      ['x-one', 'two words'],
      ['content-length', '0'],
      ['empty', ''],
    ]);
    for (let i = 0; i < 5; i++) expect(fieldsOf(head)).toEqual(first);
  });

  it('are not taken for one that goes on in the next line', () => {
    for (let i = 0; i < 3; i++)
      expect(fieldsOf(request('X-Fold: a', 'End: 1'))?.[0]).toEqual(['x-fold', 'a']);
    expect(fieldsOf(request('X-Fold: a', '  b', 'End: 1'))?.[0]).toEqual(['x-fold', 'a b']);
    expect(fieldsOf(request('X-Fold: a', 'End: 1'))?.[0]).toEqual(['x-fold', 'a']);
  });

  it('are kept or left out as each conversation chooses', () => {
    const head = request('Host: choice.example.com', 'X-Choice: 1');
    for (let i = 0; i < 3; i++) fieldsOf(head);
    expect(fieldsOf(head, new Set(['host']))).toEqual([['host', 'choice.example.com']]);
    expect(fieldsOf(head, new Set(['x-choice']))).toEqual([['x-choice', '1']]);
  });

  it('a single byte makes another line, wherever it stands', () => {
    const value = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(3);
    for (let i = 0; i < 3; i++) fieldsOf(request(`X-Long: ${value}`));
    for (let at = 0; at < value.length; at++) {
      const other = `${value.slice(0, at)}~${value.slice(at + 1)}`;
      expect(fieldsOf(request(`X-Long: ${other}`))).toEqual([['x-long', other]]);
      expect(fieldsOf(request(`X-Long: ${value.slice(0, at)}\u0001${value.slice(at + 1)}`))).toEqual([]);
    }
  });

  it('any two lines, in any order: each is itself', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'a b c X Y Z 0 9 ; = ,'.split(' '), ' ', '\t'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'B', 'x-c'), text), { maxLength: 12 }), (lines) => {
        const picked = [...lines, ...lines.toReversed(), ...lines];
        const head = request(...picked.map(([name, value]) => `${name}: ${value}`));
        const expected = picked.map(([name, value]) => [
          name.toLowerCase(),
          value.replace(/^[ \t]+|[ \t]+$/g, ''),
        ]);
        expect(fieldsOf(head)).toEqual(expected);
      }),
    );
  });

  it('takes its place when it comes a second time in a row, not before', () => {
    const line = bytesOf('x-second: time\r\nx');
    const field: HeaderField = ['x-second', 'time'];
    const lineFeed = line.indexOf(10);
    rememberLine(line, 0, lineFeed, field);
    expect(knownLine(line, 0, line.length)).toBeUndefined();
    rememberLine(line, 0, lineFeed, field);
    expect(knownLine(line, 0, line.length)).toEqual({ field, length: lineFeed });
    expect(knownLine(line, 0, lineFeed)).toBeUndefined();
  });

  it('is too long to be remembered', () => {
    const line = bytesOf(`x-long: ${'y'.repeat(300)}\r\n`);
    for (let i = 0; i < 3; i++) rememberLine(line, 0, line.indexOf(10), ['x-long', 'y']);
    expect(knownLine(line, 0, line.length)).toBeUndefined();
  });
});
