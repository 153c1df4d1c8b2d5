import { snake } from '../../net/nearest.ts';
import type { CorrelationSource } from '../syntax/correlation.ts';
import type { Detection, DetectionItem, ItemValue } from '../syntax/detection.ts';
import type { Params } from './params.ts';
import { changeItems, type Scope, type Subject, type Transformation } from './subject.ts';

/** New names of a field; undefined leaves it as it is. */
type Rename = (name: string) => readonly string[] | undefined;

/** Transformations of the names of fields, by their type. */
export const FIELD_TRANSFORMATIONS: Readonly<Record<string, (params: Params) => Transformation>> = {
  field_name_mapping(params) {
    const mapping = params.textMap('mapping');
    return renaming((name) => mapping.get(name));
  },
  field_name_prefix_mapping(params) {
    const mapping = params.textMap('mapping');
    return renaming((name) => {
      const prefix = [...mapping.keys()].find((each) => name.startsWith(each));
      if (prefix === undefined) return undefined;
      return mapping.get(prefix)?.map((next) => next + name.slice(prefix.length));
    });
  },
  field_name_prefix(params) {
    const prefix = params.needText('prefix');
    return renaming((name) => [prefix + name]);
  },
  field_name_suffix(params) {
    const suffix = params.needText('suffix');
    return renaming((name) => [name + suffix]);
  },
  // pySigma takes a Python function, which a file cannot hold: these are those that have a name.
  field_name_transform(params) {
    const change = FUNCTIONS[params.choice('transform_func', Object.keys(FUNCTIONS))];
    const mapping = params.has('mapping') ? params.textMap('mapping') : new Map<string, readonly string[]>();
    return renaming((name) => mapping.get(name) ?? [change?.(name) ?? name]);
  },
};

const FUNCTIONS: Readonly<Record<string, (name: string) => string>> = {
  lower: (name) => name.toLowerCase(),
  upper: (name) => name.toUpperCase(),
  snake_case: snake,
};

function renaming(rename: Rename): Transformation {
  return (subject, scope) => {
    /** The names that a name in scope gets; one that is out of scope keeps its own. */
    const namesOf = (name: string): readonly string[] => {
      const names = scope.field(name, subject) ? rename(name) : undefined;
      if (names === undefined) return [name];
      remember(subject, scope, name, names);
      return names;
    };
    subject.meta = { ...subject.meta, fields: subject.meta.fields.flatMap(namesOf) };
    changeItems(subject, scope, (item) => renamedItem(item, namesOf));
    if (subject.correlation !== undefined)
      subject.correlation = renamedCorrelation(subject.correlation, subject, namesOf);
  };
}

function remember(
  { mapped, appliedToField }: Subject,
  { id }: Scope,
  from: string,
  names: readonly string[],
): void {
  for (const name of names) {
    mapped.add(name);
    if (id === undefined) continue;
    const ids = appliedToField.get(name) ?? new Set(appliedToField.get(from));
    appliedToField.set(name, ids.add(id));
  }
}

type NamesOf = (name: string) => readonly string[];

/** Several names: one of them must hold. None: the item goes. */
function renamedItem(item: DetectionItem, namesOf: NamesOf): Detection | null | undefined {
  const referring = item.modifiers.includes('fieldref') ? renamedReferences(item, namesOf) : item;
  if (item.field === undefined) return undefined;
  const names = namesOf(item.field);
  const [only] = names;
  if (only === undefined) return null;
  if (names.length === 1 && only === item.field && referring === item) return undefined;
  if (names.length === 1) return { ...referring, field: only };
  return { kind: 'any', of: names.map((field) => ({ ...referring, field })) };
}

function renamedReferences(item: DetectionItem, namesOf: NamesOf): DetectionItem {
  const values = item.values.flatMap((each): ItemValue[] => {
    const { value, offset } = each;
    return typeof value === 'string' ? namesOf(value).map((name) => ({ value: name, offset })) : [each];
  });
  return { ...item, values };
}

function renamedCorrelation(
  correlation: CorrelationSource,
  { problems }: Subject,
  namesOf: NamesOf,
): CorrelationSource {
  const { aliases, groupBy, fields, offset } = correlation;
  const one = (name: string, where: string): string => {
    const [first = name, second] = namesOf(name);
    if (second !== undefined)
      problems.error(
        'pipeline',
        offset,
        `a pipeline gives the field "${name}" of ${where} more than one name`,
      );
    return first;
  };
  return {
    ...correlation,
    aliases: new Map(
      [...aliases].map(([alias, of]) => [
        alias,
        new Map([...of].map(([rule, field]) => [rule, one(field, `the alias "${alias}"`)])),
      ]),
    ),
    groupBy: groupBy.flatMap((name) => (aliases.has(name) ? [name] : namesOf(name))),
    fields: fields.map((name) => one(name, 'the condition')),
  };
}
