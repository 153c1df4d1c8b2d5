import type { EntryFacts } from '../../model/lookup.ts';
import type { FormatReader } from './format.ts';
import { forEachLine, withoutComment } from './lines.ts';

const HEADER = /^#\s*(Category|Entries|List source URL)\s*:\s*(.+?)\s*$/;
/** `4628 subnets, 612457024 unique IPs`, or a number alone. */
const COUNT = /^(\d{1,9})(?:\s+(?:subnets|unique IPs|entries))?/;

/** FireHOL .netset and .ipset: a plain list whose header names category, source and number of entries. */
export const readNetset: FormatReader = (text, sink) => {
  let facts: EntryFacts = {};
  forEachLine(text, (raw, line) => {
    const entry = withoutComment(raw);
    if (entry !== '') return sink.network(line, entry, facts);
    const [, key, value = ''] = HEADER.exec(raw) ?? [];
    if (key === 'Category') facts = { ...facts, category: value };
    if (key === 'List source URL') facts = { ...facts, reference: value };
    const count = key === 'Entries' ? COUNT.exec(value)?.[1] : undefined;
    if (count !== undefined) sink.declared(Number(count));
  });
};
