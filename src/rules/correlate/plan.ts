import type { CompiledDocument, CorrelationRule } from '../compile.ts';
import type { RuleState } from '../routing.ts';
import { type Condition, namesIn, parseCondition } from '../syntax/condition.ts';
import { MAX_CHAIN } from '../syntax/correlation.ts';
import { byIdAndName } from '../syntax/metadata.ts';

/** A correlation whose references are found. */
export interface PlannedCorrelation {
  readonly rule: CorrelationRule;
  /** What it refers to, in the order of its `rules`. */
  readonly inputs: readonly CompiledDocument[];
  /** The names it refers by, in the same order: aliases and conditions use them. */
  readonly names: readonly string[];
  readonly expression: Condition | undefined;
  /** 1 for a correlation of plain rules, more for one of correlations. */
  readonly depth: number;
}

export interface CorrelationPlan {
  /** Inputs before what builds on them. */
  readonly planned: readonly PlannedCorrelation[];
  readonly refused: ReadonlyMap<CompiledDocument, { readonly state: RuleState; readonly text: string }>;
  /** Documents that alert only through a correlation. */
  readonly silent: ReadonlySet<CompiledDocument>;
}

/** Finds what correlations refer to. A broken reference takes the correlation and those above it out, nothing else. */
export function planCorrelations(
  documents: readonly CompiledDocument[],
  isAlive: (document: CompiledDocument) => boolean,
): CorrelationPlan {
  const planner = new Planner(documents, isAlive);
  for (const document of documents) if (document.kind === 'correlation') planner.plan(document, []);
  const planned = [...planner.planned.values()].sort((a, b) => a.depth - b.depth);
  const silent = new Set(
    planned.flatMap(({ rule, inputs }) => (rule.document.correlation.generate ? [] : inputs)),
  );
  return { planned, refused: planner.refused, silent };
}

class Planner {
  readonly planned = new Map<CorrelationRule, PlannedCorrelation>();
  readonly refused = new Map<CompiledDocument, { state: RuleState; text: string }>();
  readonly #byName: ReadonlyMap<string, CompiledDocument>;
  readonly #isAlive: (document: CompiledDocument) => boolean;

  constructor(documents: readonly CompiledDocument[], isAlive: (document: CompiledDocument) => boolean) {
    this.#isAlive = isAlive;
    this.#byName = byIdAndName(documents);
  }

  plan(rule: CorrelationRule, below: readonly CorrelationRule[]): PlannedCorrelation | undefined {
    const known = this.planned.get(rule);
    if (known !== undefined || this.refused.has(rule)) return known;
    if (below.includes(rule)) return this.#refuse(rule, 'it refers to itself, by way of others');
    if (below.length >= MAX_CHAIN)
      return this.#refuse(rule, `correlations build on each other more than ${MAX_CHAIN} deep`);
    const { rules: names } = rule.document.correlation;
    const inputs: CompiledDocument[] = [];
    let depth = 1;
    for (const name of names) {
      const input = this.#byName.get(name);
      if (input === undefined) return this.#refuse(rule, `no document has the id or name "${name}"`);
      const lower = input.kind === 'correlation' ? this.plan(input, [...below, rule]) : undefined;
      if (!this.#takesPart(input, lower)) return this.#giveUp(rule, input, name);
      depth = Math.max(depth, 1 + (lower?.depth ?? 0));
      inputs.push(input);
    }
    const expression = this.#expression(rule);
    if (rule.problems.failed) return this.#refuse(rule, rule.problems.reason ?? 'its condition is unsound');
    const planned = { rule, inputs, names, expression, depth };
    this.planned.set(rule, planned);
    return planned;
  }

  #takesPart(input: CompiledDocument, lower: PlannedCorrelation | undefined): boolean {
    return input.kind === 'correlation' ? lower !== undefined : input.kind === 'rule' && this.#isAlive(input);
  }

  /** What builds on something that takes no part takes none either. */
  #giveUp(rule: CorrelationRule, input: CompiledDocument, name: string): undefined {
    const state: RuleState = input.kind === 'rule' ? 'inert' : 'refused';
    return this.#refuse(rule, `it builds on "${name}", which is not loaded`, state);
  }

  #refuse(rule: CorrelationRule, text: string, state: RuleState = 'refused'): undefined {
    if (!this.refused.has(rule)) {
      this.refused.set(rule, { state, text });
      const code = 'correlation-reference';
      if (state === 'refused' && !rule.problems.failed) rule.problems.error(code, rule.offset, text);
      else rule.problems.warn(code, rule.offset, text);
    }
    return undefined;
  }

  /** Every listed rule must occur in a boolean condition. */
  #expression({ document, problems }: CorrelationRule): Condition | undefined {
    const { expression, rules } = document.correlation;
    if (expression === undefined) return undefined;
    const condition = parseCondition({ ...expression, names: rules }, problems);
    const used = new Set(condition === undefined ? rules : namesIn(condition));
    const unused = rules.find((name) => !used.has(name));
    if (unused !== undefined)
      problems.error(
        'correlation-invalid',
        expression.offset,
        `the condition does not use the rule "${unused}"`,
      );
    return condition;
  }
}
