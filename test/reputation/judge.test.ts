import { expect, test } from 'vitest';
import { parseBlocklist } from '../../src/reputation/blocklist-file.ts';
import { judge } from '../../src/reputation/judge.ts';

const GOOD = '198.51.100.50\n';

test.each<[name: string, text: string, previous: number, refused: RegExp | undefined]>([
  ['a good list', GOOD, 0, undefined],
  ['half of the lines bad', `${GOOD}nonsense\n`, 5, undefined],
  [
    'more than half bad',
    `${GOOD}nonsense\nmore\n`,
    5,
    /2 of 3 lines are not addresses, the first: "nonsense"/,
  ],
  ['more than half bad at first sight', 'nonsense\n', 0, /1 of 1 lines/],
  ['comments do not count as bad lines', `# a\n# b\n# c\n${GOOD}`, 5, undefined],
  ['empty at first sight', '', 0, undefined],
  ['empty after entries', '', 1, /became empty/],
  ['only comments after entries', '# gone\n', 1, /became empty/],
])('%s', (_, text, previous, refused) => {
  const refusal = judge(parseBlocklist(text, 'x.txt'), previous);
  if (refused) expect(refusal?.reason).toMatch(refused);
  else expect(refusal).toBeUndefined();
});

test('names the line', () => {
  expect(judge(parseBlocklist('# x\n\nnonsense\n', 'x.txt'), 0)?.line).toBe(3);
});
