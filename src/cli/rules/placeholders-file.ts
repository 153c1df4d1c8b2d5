import { textsOf } from '../../rules/syntax/node.ts';
import type { Placeholders } from '../../rules/syntax/placeholders.ts';
import { readRuleText } from './rule-text.ts';

/** Reads `name: [values]`; without a file there are no placeholders. Throws TELEGEN_RULES for what is no such file. */
export function readPlaceholders(file: string | undefined): Placeholders {
  if (file === undefined) return new Map();
  const { documents, fail } = readRuleText(file);
  const [root] = documents;
  if (root === undefined) return new Map();
  if (root.kind !== 'map') return fail(0, 'placeholders are a mapping of names to lists');
  return new Map(root.entries.map(({ key, value }) => [key, textsOf(value)]));
}
