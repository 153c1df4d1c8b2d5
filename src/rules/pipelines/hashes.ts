import type { DetectionItem, ItemValue } from '../syntax/detection.ts';
import { shownText } from './item-text.ts';
import type { Params } from './params.ts';
import { changeItems, type Transformation } from './subject.ts';

const BY_LENGTH: Readonly<Record<number, string>> = { 32: 'MD5', 40: 'SHA1', 64: 'SHA256', 128: 'SHA512' };

/** `Hashes: SHA1=...` becomes a field for each kind of hash; one of them must hold. */
export function hashesFields(params: Params): Transformation {
  const algorithms = params.needTexts('valid_hash_algos');
  const prefix = params.text('field_prefix') ?? '';
  const dropsName = params.flag('drop_algo_prefix');
  const fieldOf = (algorithm: string): string => `${prefix}${dropsName ? '' : algorithm}`;
  return (subject, scope) =>
    changeItems(subject, scope, (item) => {
      if (!item.values.every(({ value }) => typeof value === 'string')) return undefined;
      const byField = groupByField(item, algorithms, fieldOf);
      const of = [...byField].map(([field, values]) => ({ ...item, field, modifiers: [], values }));
      if (of.length > 0) return { kind: 'any', of };
      subject.problems.error('pipeline', item.offset, `no value is a hash of ${algorithms.join(', ')}`);
      return undefined;
    });
}

function groupByField(
  { values }: DetectionItem,
  algorithms: readonly string[],
  fieldOf: (algorithm: string) => string,
): ReadonlyMap<string, readonly ItemValue[]> {
  const byField = new Map<string, ItemValue[]>();
  for (const value of values) {
    const { algorithm, hash } = hashIn(shownText(value) ?? '');
    if (!algorithms.includes(algorithm)) continue;
    const field = fieldOf(algorithm);
    byField.set(field, [...(byField.get(field) ?? []), { value: hash, offset: value.offset }]);
  }
  return byField;
}

/** `SHA1=...`, `SHA1|...`, or a bare hash, told by its length. */
function hashIn(text: string): { readonly algorithm: string; readonly hash: string } {
  const [first = '', second, third] = text.split(text.includes('|') ? '|' : '=');
  if (second === undefined || third !== undefined)
    return { algorithm: BY_LENGTH[first.length] ?? '', hash: first };
  return { algorithm: first.replace(/^\*+/, '').toUpperCase(), hash: second.replace(/\*+$/, '') };
}
