import { textOf, type YamlNode } from './node.ts';
import type { Problems } from './problem.ts';

/** Where the events of a rule come from. Lower case; at least one of the three is set in a rule. */
export interface Logsource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
}

const KEYS = ['category', 'product', 'service'] as const;

/** Reads a `logsource`; undefined, with the problem reported, when it names nothing. */
export function parseLogsource(
  node: YamlNode | undefined,
  at: number,
  problems: Problems,
): Logsource | undefined {
  if (node?.kind !== 'map') {
    problems.error(
      'document-key',
      node?.offset ?? at,
      '"logsource" must be a mapping with category, product or service',
    );
    return undefined;
  }
  const logsource: { category?: string; product?: string; service?: string } = {};
  for (const key of KEYS) {
    const entry = node.entries.find((each) => each.key === key);
    const text = textOf(entry?.value);
    if (text !== undefined) logsource[key] = text.toLowerCase();
  }
  if (Object.keys(logsource).length > 0) return logsource;
  problems.error('document-key', node.offset, '"logsource" names neither category nor product nor service');
  return undefined;
}

/** Whether every key that `asked` sets equals that of `offered`. */
export function isServedBy(asked: Logsource, offered: Logsource): boolean {
  return KEYS.every((key) => asked[key] === undefined || asked[key] === offered[key]);
}

/** `category: dns, product: zeek`. */
export function showLogsource(logsource: Logsource): string {
  return KEYS.flatMap((key) => (logsource[key] === undefined ? [] : [`${key}: ${logsource[key]}`])).join(
    ', ',
  );
}
