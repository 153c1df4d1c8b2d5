import { expect, test } from 'vitest';
import { judge } from '../../src/reputation/judge.ts';
import { parseList } from '../../src/reputation/parse-list.ts';

const parse = (text: string) => parseList(text, { role: 'block' });

const GOOD = '198.51.100.50\n';

test.each<[name: string, text: string, previous: number, refused: RegExp | undefined]>([
  ['a good list', GOOD, 0, undefined],
  ['half of the lines bad', `${GOOD}nonsense\n`, 2, undefined],
  ['half of it gone', GOOD, 2, undefined],
  ['more than half of it gone', GOOD, 3, /held back: it shrank from 3 to 1 entries/],
  [
    'more than half bad',
    `${GOOD}nonsense\nmore\n`,
    5,
    /2 of 3 lines are not addresses, the first: "nonsense"/,
  ],
  ['more than half bad at first sight', 'nonsense\n', 0, /1 of 1 lines/],
  ['comments do not count as bad lines', `# a\n# b\n# c\n${GOOD}`, 2, undefined],
  ['empty at first sight', '', 0, undefined],
  ['empty after entries', '', 1, /became empty/],
  ['only comments after entries', '# gone\n', 1, /became empty/],
])('%s', (_, text, previous, refused) => {
  const refusal = judge(parse(text), { role: 'block', previousEntries: previous });
  if (refused) expect(refusal?.reason).toMatch(refused);
  else expect(refusal).toBeUndefined();
});

test('names the line', () => {
  expect(judge(parse('# x\n\nnonsense\n'), { role: 'block', previousEntries: 0 })?.line).toBe(3);
});

test('what the operator allowed may shrink to nothing', () => {
  for (const text of [GOOD, ''])
    expect(judge(parse(text), { role: 'block', previousEntries: 9, mayShrink: true })).toBeUndefined();
});

test('a list of what is harmless is no blocklist, unless the operator says so', () => {
  const warninglist = parse('{"name": "x", "matching_attributes": [], "list": ["198.51.100.0/24"]}');
  const options = { previousEntries: 0 } as const;
  expect(judge(warninglist, { ...options, role: 'block' })?.reason).toMatch(/belongs into allowlists/);
  expect(judge(warninglist, { ...options, role: 'block', formatNamed: true })).toBeUndefined();
  expect(judge(warninglist, { ...options, role: 'allow' })).toBeUndefined();
});

test('ranges around ranges around ranges would make a look-up slow', () => {
  const nested = (depth: number) =>
    Array.from(
      { length: depth },
      (_, i) => `198.51.${i >> 8}.${i & 255}-198.52.${255 - (i >> 8)}.${255 - (i & 255)}`,
    ).join('\n');
  const options = { role: 'block', previousEntries: 0 } as const;
  expect(judge(parse(nested(1000)), options)).toBeUndefined();
  expect(judge(parse(nested(1100)), options)?.reason).toMatch(/more than 1024 ranges lie around one another/);
});
