import { childOf, isNull, textOf, textsOf, type YamlMap, type YamlNode } from './node.ts';
import { type Problems, quoted } from './problem.ts';

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const;
export type CorrelationType = (typeof CORRELATION_TYPES)[number];
export type Comparison = 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq';

/** One bound of a count or value; several must all hold. */
export interface Bound {
  readonly operator: Comparison;
  readonly value: number;
}

/** What happens after a correlation has fired for a group: nothing for a timespan, a fresh start, or every time. */
export type FiringMode = 'suppress' | 'reset' | 'every-match';

export interface CorrelationSource {
  readonly type: CorrelationType;
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** Empty for temporal types without a condition: all rules must have occurred. */
  readonly bounds: readonly Bound[];
  /** Boolean condition over rule names (temporal). */
  readonly expression: { readonly text: string; readonly offset: number } | undefined;
  readonly fields: readonly string[];
  /** For value_percentile: 0 to 100. */
  readonly percentile: number;
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly generate: boolean;
  readonly firing: FiringMode;
  readonly offset: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_629_746_000,
  y: 31_556_952_000,
};
const COMPARISONS: readonly string[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'];
const FIRING: readonly FiringMode[] = ['suppress', 'reset', 'every-match'];
const MAX_RULES = 1_000;
/** Correlations that build on each other. */
export const MAX_CHAIN = 10;

/** Reads a `correlation` section; undefined, with the problems reported, when it is not sound. */
export function parseCorrelation(node: YamlNode, problems: Problems): CorrelationSource | undefined {
  const reader = new Reader(node, problems);
  return reader.read();
}

class Reader {
  readonly #node: YamlNode;
  readonly #problems: Problems;

  constructor(node: YamlNode, problems: Problems) {
    this.#node = node;
    this.#problems = problems;
  }

  read(): CorrelationSource | undefined {
    if (this.#node.kind !== 'map') {
      this.#error('"correlation" must be a mapping');
      return undefined;
    }
    const type = this.#type();
    const rules = textsOf(childOf(this.#node, 'rules'));
    if (rules.length === 0) this.#error('"rules" must name at least one rule', 'rules');
    if (rules.length > MAX_RULES) this.#error(`"rules" names more than ${MAX_RULES} rules`, 'rules');
    const timespanMs = this.#timespan();
    const { bounds, expression } = this.#condition(type);
    const fields = type?.startsWith('value_') ? this.#fields(type) : [];
    if (type === undefined || timespanMs === undefined || this.#problems.failed) return undefined;
    const common = { groupBy: textsOf(childOf(this.#node, 'group-by')), aliases: this.#aliases(rules) };
    const rest = { generate: this.#generate(), firing: this.#firing(), offset: this.#node.offset };
    const percentile = this.#percentile(type);
    if (this.#problems.failed) return undefined;
    return { type, rules, timespanMs, bounds, expression, fields, percentile, ...common, ...rest };
  }

  #error(message: string, key?: string): void {
    const at = key === undefined ? undefined : childOf(this.#node, key);
    this.#problems.error('correlation-invalid', at?.offset ?? this.#node.offset, message);
  }

  #type(): CorrelationType | undefined {
    const text = textOf(childOf(this.#node, 'type'));
    const type = CORRELATION_TYPES.find((each) => each === text);
    if (type === undefined) this.#error(`"type" must be one of ${CORRELATION_TYPES.join(', ')}`, 'type');
    return type;
  }

  #timespan(): number | undefined {
    const text = textOf(childOf(this.#node, 'timespan')) ?? textOf(childOf(this.#node, 'timeframe'));
    const match = /^(\d{1,9})([smhdwMy])$/.exec(text ?? '');
    const ms = Number(match?.[1] ?? 0) * (UNIT_MS[match?.[2] ?? ''] ?? 0);
    if (ms > 0) return ms;
    this.#error(`"timespan" must be a whole number above 0 and a unit (s, m, h, d), such as 5m`, 'timespan');
    return undefined;
  }

  #condition(type: CorrelationType | undefined): Pick<CorrelationSource, 'bounds' | 'expression'> {
    const temporal = type === 'temporal' || type === 'temporal_ordered';
    const node = childOf(this.#node, 'condition');
    const none = { bounds: [], expression: undefined };
    if (isNull(node)) {
      if (!temporal) this.#error('"condition" is missing: give it an operator and a number, such as gte: 10');
      return none;
    }
    const text = textOf(node);
    if (text !== undefined && type === 'temporal')
      return { bounds: [], expression: { text, offset: node?.offset ?? 0 } };
    if (node?.kind !== 'map') {
      this.#error('"condition" must be a mapping such as gte: 10', 'condition');
      return none;
    }
    return { bounds: this.#bounds(node, temporal), expression: undefined };
  }

  #bounds(node: YamlMap, temporal: boolean): readonly Bound[] {
    const bounds: Bound[] = [];
    for (const { key, value } of node.entries) {
      if (key === 'field' || key === 'percentile') continue;
      const number = value.kind === 'scalar' ? value.value : undefined;
      if (!COMPARISONS.includes(key))
        this.#error(`${quoted(key)} is no operator (gt, gte, lt, lte, eq, neq)`, 'condition');
      else if ((typeof number !== 'number' && typeof number !== 'bigint') || !Number.isFinite(Number(number)))
        this.#error(`"${key}" must be a number`, 'condition');
      else bounds.push({ operator: key as Comparison, value: Number(number) });
    }
    if (bounds.length === 0 && !temporal)
      this.#error('"condition" has no operator, such as gte: 10', 'condition');
    return bounds;
  }

  #fields(type: CorrelationType): readonly string[] {
    const node = childOf(childOf(this.#node, 'condition'), 'field') ?? childOf(this.#node, 'field');
    const fields = textsOf(node);
    if (fields.length === 0) this.#error(`${type} needs "field" in its condition`, 'condition');
    if (fields.length > 1 && type !== 'value_count') this.#error(`${type} takes one field`, 'condition');
    return fields;
  }

  #percentile(type: CorrelationType): number {
    const node = childOf(childOf(this.#node, 'condition'), 'percentile');
    if (type !== 'value_percentile' || node === undefined) return 50;
    const value = node.kind === 'scalar' ? Number(node.value) : Number.NaN;
    if (!(value >= 0 && value <= 100))
      this.#error('"percentile" must be a number from 0 to 100', 'condition');
    return value;
  }

  #aliases(rules: readonly string[]): CorrelationSource['aliases'] {
    const node = childOf(this.#node, 'aliases');
    if (isNull(node)) return new Map();
    if (node?.kind !== 'map') {
      this.#error('"aliases" must be a mapping of alias to rule and field', 'aliases');
      return new Map();
    }
    return new Map(
      node.entries.map(({ key, value }) => {
        const pairs =
          value.kind === 'map' ? value.entries.map((e) => [e.key, textOf(e.value) ?? ''] as const) : [];
        if (pairs.length === 0 || pairs.some(([, field]) => field === ''))
          this.#error(`the alias ${quoted(key)} must map rules to fields`, 'aliases');
        const alien = pairs.find(([rule]) => !rules.includes(rule));
        if (alien !== undefined)
          this.#error(
            `the alias ${quoted(key)} names ${quoted(alien[0])}, which is not in "rules"`,
            'aliases',
          );
        return [key, new Map(pairs)] as const;
      }),
    );
  }

  #generate(): boolean {
    const node = childOf(this.#node, 'generate');
    if (isNull(node)) return false;
    if (node?.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.#error('"generate" must be true or false', 'generate');
    return false;
  }

  #firing(): FiringMode {
    const text = textOf(childOf(this.#node, 'telegen.firing'));
    if (text === undefined) return 'suppress';
    const mode = FIRING.find((each) => each === text);
    if (mode === undefined)
      this.#error(`"telegen.firing" must be one of ${FIRING.join(', ')}`, 'telegen.firing');
    return mode ?? 'suppress';
  }
}
