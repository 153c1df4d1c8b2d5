import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/model/conversation.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { LineMemory, lookAt, NO_LINE } from '../../../src/protocols/http1/line-memory.ts';

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

  it('with any bytes are read alike every time', () => {
    const values = ['\u00f0\u00ff'.repeat(9), '\u007f'.repeat(20), '\u0080\u00ff\u00f8\u007f tab\tin it'];
    for (const value of values)
      for (let i = 0; i < 5; i++) expect(fieldsOf(request(`X-High: ${value}`))).toEqual([['x-high', value]]);
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
  const newMemory = (): LineMemory<string> => new LineMemory(64, 1, '');
  /** As a reader of lines does: what is not known is read, and remembered when it came before. */
  const meet = (memory: LineMemory<string>, line: string): number => {
    const bytes = bytesOf(`${line}\r\nx`);
    lookAt(bytes);
    const slot = memory.find(0, bytes.length, memory.beginning(0));
    if (slot === NO_LINE && memory.cameBefore()) memory.remember(0, bytes.length - 2, line);
    return slot;
  };

  it('takes a line when it comes a second time, not before', () => {
    const memory = newMemory();
    expect(meet(memory, 'x-second: time')).toBe(NO_LINE);
    expect(meet(memory, 'x-second: time')).toBe(NO_LINE);
    const slot = meet(memory, 'x-second: time');
    expect([memory.valueOf(slot), memory.lengthOf(slot)]).toEqual(['x-second: time', 15]);
    // Its line feed must have been seen.
    lookAt(bytesOf('x-second: time\r\nx'));
    expect(memory.find(0, 15, memory.beginning(0))).toBe(NO_LINE);
  });

  it('tells how far an unknown line is text', () => {
    const memory = newMemory();
    const textEnd = (line: string): number => {
      lookAt(bytesOf(line));
      expect(memory.find(0, line.length, memory.beginning(0))).toBe(NO_LINE);
      return memory.textEnd;
    };
    expect(textEnd('a: b\r\n')).toBe(4);
    expect(textEnd('a:\tsome\u0080\u00ff more\n')).toBe(14);
    for (let at = 0; at < 9; at++) expect(textEnd(`${'~'.repeat(at)}\u0001${'~'.repeat(9)}\n`)).toBe(at);
    expect(textEnd('no end')).toBe(6);
  });

  it('does not take one that is too long', () => {
    const memory = newMemory();
    for (let i = 0; i < 4; i++) expect(meet(memory, `x-long: ${'y'.repeat(300)}`)).toBe(NO_LINE);
  });

  it('of many more lines than it has room for it keeps some, and takes none for another', () => {
    const memory = newMemory();
    const lines = Array.from({ length: 300 }, (_, i) => `name: ${i}`);
    for (let round = 0; round < 10; round++) {
      const known = lines.filter((line) => {
        const slot = meet(memory, line);
        if (slot !== NO_LINE) expect(memory.valueOf(slot)).toBe(line);
        return slot !== NO_LINE;
      });
      if (round > 2) expect(known.length).toBeGreaterThan(20);
    }
  });

  it('finds a line wherever it stands, and whatever came before it', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `name-${i}: ${'v'.repeat(i)}`);
    const memory = newMemory();
    for (const each of lines) for (let i = 0; i < 2; i++) meet(memory, each);
    const picks = fc.array(fc.integer({ min: 0, max: lines.length - 1 }));
    // More than 1,024 bytes are not copied.
    const room = fc.constantFrom(0, 2000);
    fc.assert(
      fc.property(picks, fc.nat(9), room, (picked, offset, behind) => {
        const text = picked.map((at) => `${lines[at]}\r\n`).join('');
        const bytes = bytesOf('#'.repeat(offset) + text + '#'.repeat(behind)).subarray(1);
        lookAt(bytes);
        let after = memory.beginning(0);
        let at = offset - 1;
        for (const each of offset > 0 ? picked : []) {
          const found = memory.find(at, bytes.length, after);
          expect(memory.valueOf(found)).toBe(lines[each]);
          at += (lines[each] as string).length + 2;
          after = found;
        }
      }),
    );
  });

  it('looks at bytes as they are when it is told to, though their owner uses them again', () => {
    const memory = newMemory();
    for (let i = 0; i < 3; i++) for (const line of ['name: one', 'name: two']) meet(memory, line);
    for (const behind of [0, 2000]) {
      const bytes = bytesOf(`name: one\r\n${'#'.repeat(behind)}`);
      for (const line of ['name: one', 'name: two', 'name: one']) {
        bytes.set(bytesOf(line));
        lookAt(bytes);
        expect(memory.valueOf(memory.find(0, bytes.length, memory.beginning(0)))).toBe(line);
      }
    }
  });
});
