import { expect, test } from 'vitest';
import { createClasses, listClasses } from '../../src/rules/classes/index.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { RULE_CODES } from '../../src/rules/syntax/problem.ts';
import { plain, read, tableRows } from './markdown.ts';

const page = read('docs/rules.md');

test('docs/rules.md lists exactly the codes of problems, with their meaning', () => {
  const rows = tableRows(page, ['Code', 'Meaning']).map(([code = '', meaning = '']) => [
    plain(code),
    meaning.replaceAll('\\|', '|'),
  ]);
  expect(Object.fromEntries(rows)).toEqual(RULE_CODES);
});

test('docs/rules.md names every log source', () => {
  const rows = tableRows(page, ['Log source', 'Events', 'Fields beside those of a conversation']);
  const named = new Set(rows.flatMap(([cell = '']) => cell.split(';').map((each) => plain(each.trim()))));
  const profiles = listClasses(createClasses(NO_PORTS, 'host')).flatMap((each) => each.profiles);
  for (const { category, product, service } of profiles) {
    const isOwn = product === 'telegen';
    const parts = [
      category && `category: ${category}`,
      product && `product: ${product}`,
      service && `service: ${service}`,
    ];
    const text = isOwn ? `product: telegen, category: ${category}` : parts.filter(Boolean).join(', ');
    const short = category === 'dns' ? 'category: dns' : text;
    expect(named).toContain(isOwn ? text : named.has(text) ? text : short);
  }
});
