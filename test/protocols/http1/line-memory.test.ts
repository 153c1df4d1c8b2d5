import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/model/conversation.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { LineMemory, NO_LINE } from '../../../src/protocols/http1/line-memory.ts';

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

  it('start lines, too: of requests and of responses, at the beginning of a piece and behind another head', () => {
    const targetsOf = (...pieces: readonly string[]): readonly unknown[] => {
      const seen: unknown[] = [];
      const conversation = createHttp1Conversation({
        onExchange: ({ method, target, version, statusCode }) =>
          seen.push([method, target, version, statusCode]),
      });
      for (const piece of pieces) conversation.data('client', bytesOf(piece), 1);
      for (const piece of pieces) {
        const status = piece.startsWith('GET /a') ? '200 OK' : '404 Not Found';
        const count = piece.split('HTTP/').length - 1;
        const answer = `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;
        conversation.data('server', bytesOf(answer.repeat(count)), 2);
      }
      conversation.end(3, false);
      return seen;
    };
    const a = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
    const b = 'GET /b?c HTTP/1.0\nHost: x\r\n\r\n';
    const ofA = ['GET', '/a', '1.1', 200];
    const ofB = ['GET', '/b?c', '1.0', 404];
    for (let i = 0; i < 4; i++) {
      expect(targetsOf(a, b, a)).toEqual([ofA, ofB, ofA]);
      expect(targetsOf(a + a, b + b)).toEqual([ofA, ofA, ofB, ofB]);
      expect(targetsOf(a, a.replace('/a', '/ab'))).toEqual([ofA, ['GET', '/ab', '1.1', 200]]);
    }
  });
});

describe('a memory of lines', () => {
  const line = bytesOf('x-second: time\r\nx');
  const lineFeed = line.indexOf(10);
  const newMemory = (): LineMemory<string> => new LineMemory(64, 1, '');

  it('takes a line when it comes a second time in a row, not before', () => {
    const memory = newMemory();
    const first = memory.beginning(0);
    memory.remember(line, 0, lineFeed, 'told');
    expect(memory.find(line, 0, line.length, first)).toBe(NO_LINE);
    memory.remember(line, 0, lineFeed, 'told');
    const slot = memory.find(line, 0, line.length, first);
    expect([memory.valueOf(slot), memory.lengthOf(slot)]).toEqual(['told', lineFeed]);
    // Its line feed must have been seen.
    expect(memory.find(line, 0, lineFeed, first)).toBe(NO_LINE);
  });

  it('does not take one that is too long', () => {
    const long = bytesOf(`x-long: ${'y'.repeat(300)}\r\n`);
    const memory = newMemory();
    for (let i = 0; i < 3; i++) memory.remember(long, 0, long.indexOf(10), 'told');
    expect(memory.find(long, 0, long.length, memory.beginning(0))).toBe(NO_LINE);
  });

  it('finds a line wherever it stands, and whatever came before it', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `name-${i}: ${'v'.repeat(i)}\r\n`);
    const memory = newMemory();
    for (const each of lines)
      for (let i = 0; i < 2; i++) memory.remember(bytesOf(each), 0, each.indexOf('\n'), each);
    const number = fc.integer({ min: 0, max: lines.length - 1 });
    fc.assert(
      fc.property(fc.array(number), fc.nat(9), (picked, offset) => {
        const text = picked.map((at) => lines[at]).join('');
        const bytes = bytesOf('#'.repeat(offset) + text);
        let after = memory.beginning(0);
        let at = offset;
        for (const each of picked) {
          const found = memory.find(bytes, at, bytes.length, after);
          at += (lines[each] as string).length;
          after = found === NO_LINE ? memory.followerOf(after) : found;
          // One of two that share a slot is not known; none is taken for another.
          if (found !== NO_LINE) expect(memory.valueOf(found)).toBe(lines[each]);
        }
      }),
    );
  });
});
