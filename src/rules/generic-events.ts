import type { EventClass, FieldSpec } from './classes/event-class.ts';
import type { CompiledRule } from './compile.ts';
import { type Bound, bind, slotLookup } from './match/bind.ts';
import { buildRuleIndex, type RuleIndex } from './match/rule-index.ts';
import type { FieldValue, Scalar } from './match/value.ts';
import { testsOf } from './syntax/expression.ts';
import { isServedBy, type Logsource } from './syntax/logsource.ts';

/** An event of any log source, its fields named as its rules name them. */
export interface GenericEvent {
  readonly logsource: Logsource;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The rules of one log source, and their index over events of it. */
export interface GenericRules {
  readonly rules: readonly CompiledRule[];
  readonly bounds: readonly Bound[];
  readonly index: RuleIndex<GenericEvent>;
}

/** Log sources whose indexes are kept. */
const MAX_SOURCES = 256;
const MAX_DOTS = 16;
const MAX_SCALARS = 10_000;

/** Gives the rules that an event of a log source can fulfil: those whose keys it all has. */
export function createGenericMatcher(rules: readonly CompiledRule[]): (logsource: Logsource) => GenericRules {
  const cache = new Map<string, GenericRules>();
  return (logsource) => {
    const key = JSON.stringify([logsource.category, logsource.product, logsource.service]);
    const known = cache.get(key);
    if (known !== undefined) return known;
    if (cache.size >= MAX_SOURCES) cache.clear();
    const built = buildFor(rules.filter((rule) => isServedBy(rule.logsource, logsource)));
    cache.set(key, built);
    return built;
  };
}

function buildFor(rules: readonly CompiledRule[]): GenericRules {
  const names = new Set(
    rules.flatMap(({ expression }) =>
      testsOf(expression).flatMap(({ field, atoms }) => [
        ...(field === undefined ? [] : [field]),
        ...atoms.flatMap((atom) => (atom.kind === 'reference' ? [atom.field] : [])),
      ]),
    ),
  );
  const eventClass = genericClass([...names]);
  const slotOf = slotLookup(eventClass);
  const bounds = rules.map(({ expression }) => bind(expression, eventClass, slotOf));
  return { rules, bounds, index: buildRuleIndex(eventClass, bounds) };
}

function genericClass(names: readonly string[]): EventClass<GenericEvent> {
  const own = names.map(
    (name): FieldSpec<GenericEvent> => ({
      names: [name],
      read: ({ fields }) => lookUp(fields, name),
      keywords: false,
    }),
  );
  return {
    name: 'generic',
    profiles: [],
    fields: [...own, { names: [], read: ({ fields }) => everyScalar(fields), spread: 'unique' }],
  };
}

/** A field by its literal name first, then by dots into mappings and lists. */
export function lookUp(fields: Readonly<Record<string, unknown>>, name: string): FieldValue {
  const found = find(fields, name, 0);
  return found === undefined ? undefined : toValue(found);
}

function find(value: unknown, path: string, dots: number): unknown {
  if (Array.isArray(value)) {
    const found = value.map((each) => find(each, path, dots)).filter((each) => each !== undefined);
    return found.length === 0 ? undefined : found.flat();
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const map = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(map, path)) return map[path];
  if (dots >= MAX_DOTS) return undefined;
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    const found = Object.hasOwn(map, head) ? find(map[head], path.slice(dot + 1), dots + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Levels of lists in lists that are looked at. */
const MAX_LISTS = 16;

/** A mapping is present, but no text. */
function toValue(value: unknown, depth = 0): FieldValue {
  if (Array.isArray(value)) return depth > MAX_LISTS ? [] : value.map((each) => toValue(each, depth + 1));
  if (value !== null && typeof value === 'object') return [];
  return value as Scalar;
}

/** All scalars of an event, at any depth. */
function everyScalar(fields: Readonly<Record<string, unknown>>): readonly Scalar[] {
  const out: Scalar[] = [];
  const open: unknown[] = [fields];
  while (open.length > 0 && out.length < MAX_SCALARS) {
    const next = open.pop();
    if (next === null || next === undefined) continue;
    if (typeof next === 'object') open.push(...Object.values(next).slice(0, MAX_SCALARS).reverse());
    else out.push(next as Scalar);
  }
  return out;
}
