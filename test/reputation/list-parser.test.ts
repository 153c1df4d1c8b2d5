import { afterEach, expect, test } from 'vitest';
import { createListParser, type ListParser } from '../../src/reputation/list-parser.ts';
import { parseList } from '../../src/reputation/parse-list.ts';

let parser: ListParser;
afterEach(() => parser.close());
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));
const TEXT = Array.from(
  { length: 5000 },
  (_, i) => `198.51.${i >> 8}.${i & 255},${1 + (i % 9)},${1 + (i % 100)}\n2001:db8::${i.toString(16)},1,5\n`,
).join('');

test.each([
  ['on this thread', 2 ** 30],
  ['on a thread of its own', 0],
])('reads the same %s, and gives the bytes back', async (_, inlineBytes) => {
  parser = createListParser({ inlineBytes });
  const texts = [TEXT, 'example.com\nexample.net\n', ''];
  const answers = await Promise.all(texts.map((text) => parser.parse(bytesOf(text), { role: 'block' })));
  for (const [i, { outcome, bytes }] of answers.entries()) {
    expect(outcome).toEqual({ kind: 'parsed', parsed: parseList(texts[i]!, { role: 'block' }) });
    expect(Buffer.from(bytes!).toString()).toBe(texts[i]);
  }
});

test.each([0, 2 ** 30])('what is no text is refused (inline below %i bytes)', async (inlineBytes) => {
  parser = createListParser({ inlineBytes });
  const utf16 = Uint8Array.from(Buffer.from('\ufeff198.51.100.50', 'utf16le'));
  const answers = [
    await parser.parse(bytesOf('a\0'), { role: 'block' }),
    await parser.parse(utf16, { role: 'block' }),
  ];
  expect(answers.map(({ outcome }) => outcome)).toEqual([
    { kind: 'refused', reason: 'the file is binary (it holds NUL bytes)' },
    { kind: 'refused', reason: 'the file is UTF-16; save it as UTF-8' },
  ]);
});

test('a thread that dies or does not answer costs its list, and the next list gets a new one', async () => {
  const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const worker = script(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ bytes }) => {
      if (bytes.length === 1) process.exit(1);
      if (bytes.length === 2) throw new Error('on purpose');
      if (bytes.length === 3) return;
      parentPort.postMessage({ outcome: { kind: 'refused', reason: 'answered' }, bytes });
    });`);
  parser = createListParser({ inlineBytes: 0, timeoutMs: 1000, worker });
  const reasons = await Promise.all(
    ['a', 'aa', 'aaa', 'aaaa'].map(
      async (text) => (await parser.parse(bytesOf(text), { role: 'block' })).outcome,
    ),
  );
  expect(reasons).toEqual([
    { kind: 'refused', reason: 'reading was ended' },
    { kind: 'refused', reason: 'reading failed: on purpose' },
    { kind: 'refused', reason: 'reading took longer than 1 s' },
    { kind: 'refused', reason: 'answered' },
  ]);
});
