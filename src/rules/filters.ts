import type { CompiledDocument, CompiledRule } from './compile.ts';
import type { Detection } from './syntax/detection.ts';
import type { ConditionText, FilterSource } from './syntax/document.ts';
import type { Expression } from './syntax/expression.ts';
import { isServedBy, type Logsource } from './syntax/logsource.ts';
import type { Metadata } from './syntax/metadata.ts';
import type { Problems } from './syntax/problem.ts';

/** A filter: a condition that every rule it is meant for must fulfil besides its own. */
export interface CompiledFilter {
  readonly meta: Metadata;
  readonly file: string;
  readonly offset: number;
  readonly problems: Problems;
  readonly logsource: Logsource;
  readonly rules: readonly string[] | 'any';
  readonly expression: Expression | undefined;
}

type Compile = (
  parts: {
    readonly detections: ReadonlyMap<string, Detection>;
    readonly conditions: readonly ConditionText[];
    readonly dropped?: readonly string[];
  },
  problems: Problems,
) => Expression | undefined;

export function compileFilter(source: FilterSource, file: string, compile: Compile): CompiledFilter {
  const { meta, offset, problems, logsource, rules, detections, condition, dropped = [] } = source;
  const parts = { detections, conditions: [condition], dropped };
  const expression = problems.failed ? undefined : compile(parts, problems);
  return { meta, file, offset, problems, logsource, rules, expression };
}

/** Works filters into the rules that they are meant for; a name that no rule has earns the filter a warning. */
export function applyFilters(
  documents: readonly CompiledDocument[],
  filters: readonly CompiledFilter[],
): readonly CompiledDocument[] {
  const sound = filters.filter(({ expression }) => expression !== undefined);
  if (sound.length === 0) return documents;
  const known = new Set(documents.flatMap(({ meta }) => [meta.id, meta.name]));
  for (const { rules, problems, offset } of sound) {
    for (const name of rules === 'any' ? [] : rules) {
      if (!known.has(name))
        problems.warn('filter-reference', offset, `the filter names "${name}", which is no rule here`);
    }
  }
  return documents.map((document) => (document.kind === 'rule' ? filtered(document, sound) : document));
}

function filtered(rule: CompiledRule, filters: readonly CompiledFilter[]): CompiledRule {
  const own = filters.flatMap((filter) =>
    isMeant(filter, rule) && filter.expression !== undefined
      ? [{ kind: 'named', name: `filter ${filter.meta.title}`, of: filter.expression } as const]
      : [],
  );
  return own.length === 0 ? rule : { ...rule, expression: { kind: 'and', of: [rule.expression, ...own] } };
}

function isMeant({ logsource, rules }: CompiledFilter, { meta, logsource: of }: CompiledRule): boolean {
  if (!isServedBy(logsource, of)) return false;
  return rules === 'any' || rules.some((name) => name === meta.id || name === meta.name);
}
