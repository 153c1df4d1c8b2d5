import { expect, test } from 'vitest';
import { parseDnsMessage } from '../../../src/protocols/dns/parse-message.ts';
import { message, name, pointer, repeated, v4 } from './encode.ts';

function ownersOf(bytes: Uint8Array): string[] {
  const parsed = parseDnsMessage(bytes, 0, bytes.length);
  if ('error' in parsed) throw new Error(parsed.error);
  return [...parsed.questions, ...parsed.answers].map((part) => part.name);
}

const question = (octets: readonly number[]) => message({ questions: [{ name: octets, type: 1 }] });

test('far more names than are kept: each is its own, the first and the second time', () => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) {
      const text = `host-${i}.${'x'.repeat(i % 50)}y.example`;
      expect(ownersOf(question(name(text)))).toEqual([text]);
    }
  }
});

test('names that differ only in zeros, high octets or case', () => {
  const labels = [[0], [0, 0], [0, 0, 0], [0x80], [0, 0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]];
  const texts = labels.map((label) => label.map((octet) => `\\${String(octet).padStart(3, '0')}`).join(''));
  for (let round = 0; round < 2; round++) {
    labels.forEach((label, i) => {
      expect(ownersOf(question([label.length, ...label, 0]))).toEqual([texts[i]]);
    });
    for (const text of ['WWW.example', 'www.EXAMPLE'])
      expect(ownersOf(question(name(text)))).toEqual(['www.example']);
  }
});

test.each([3, 100])(
  'a message of %i answers: short ones are read in words, long ones byte by byte',
  (count) => {
    const owner = name('edge', pointer(12 + 4));
    const answers = repeated(count, { name: owner, type: 1, data: v4('192.0.2.1') });
    const bytes = message({ questions: [{ name: name('www.example.com'), type: 1 }], answers });
    expect(bytes.length > 1024).toBe(count === 100);
    expect(ownersOf(bytes)).toEqual(['www.example.com', ...repeated(count, 'edge.example.com')]);
  },
);

test('a name of all 255 octets, and one that ends with the bytes', () => {
  const longest = [...repeated(3, 'a'.repeat(63)), 'b'.repeat(61)].join('.');
  expect(ownersOf(question(name(longest)))).toEqual([longest]);
  const exact = message({
    questions: [{ name: name('www.example.com'), type: 1 }],
    answers: [{ name: pointer(12), type: 5, data: name('a.b') }],
  });
  const parsed = parseDnsMessage(exact, 0, exact.length);
  expect('error' in parsed ? parsed.error : parsed.answers[0]?.data).toBe('a.b');
});
