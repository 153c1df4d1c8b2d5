import type { FormatReader } from './format.ts';
import { forEachLine, parseWhole } from './lines.ts';

const MAX_CATEGORY = 60;
const MAX_SCORE = 127;

/** Suricata IP reputation: `address or network,category,score`. */
export const readIprep: FormatReader = (text, sink, { categories }) => {
  forEachLine(text, (raw, line) => {
    const entry = raw.replace(/#.*/, '').trim();
    if (entry === '') return;
    const [network = '', categoryText = '', scoreText = '', ...rest] = entry.split(',').map((x) => x.trim());
    const category = parseWhole(categoryText, 1, MAX_CATEGORY);
    const score = parseWhole(scoreText, 1, MAX_SCORE);
    if (category === undefined || rest.length > 0)
      return sink.invalid(
        line,
        entry,
        `not "address,category,score" with a category of 1 to ${MAX_CATEGORY}`,
      );
    if (score === undefined)
      return sink.invalid(line, entry, `the score is not a number of 1 to ${MAX_SCORE}`);
    sink.network(line, network, {
      category: categories?.get(category) ?? `category ${category}`,
      confidence: Math.round((score * 100) / MAX_SCORE),
    });
  });
};

const CATEGORY = /^(\d{1,2}),([^,]+),(.*)$/;

/** Suricata's `categories.txt`: `number,short name,description`. It holds no entries. */
export const readIprepCategories: FormatReader = (text, sink) => {
  forEachLine(text, (raw, line) => {
    const entry = raw.replace(/#.*/, '').trim();
    if (entry === '') return;
    if (CATEGORY.test(entry)) sink.ignored(line, entry, 'names a category of IP reputation lists');
    else sink.invalid(line, entry, 'not "number,short name,description"');
  });
};

/** Short names of the categories by number. */
export function iprepCategories(text: string): ReadonlyMap<number, string> {
  const categories = new Map<number, string>();
  forEachLine(text, (raw) => {
    const [, number = '', name = ''] = CATEGORY.exec(raw.trim()) ?? [];
    const category = parseWhole(number, 1, MAX_CATEGORY);
    if (category !== undefined) categories.set(category, name.trim());
  });
  return categories;
}
