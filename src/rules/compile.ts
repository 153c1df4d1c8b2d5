import { atOnce } from '../net/steps.ts';
import { applyFilters, type CompiledFilter, compileFilter } from './filters.ts';
import { resolveActions } from './syntax/actions.ts';
import type { Condition } from './syntax/condition.ts';
import { namesIn, parseCondition, withoutNames } from './syntax/condition.ts';
import { MAX_CHAIN } from './syntax/correlation.ts';
import type { Detection } from './syntax/detection.ts';
import {
  type ConditionText,
  type CorrelationDocument,
  type FilterSource,
  parseDocument,
  type RuleSource,
  type SigmaDocument,
} from './syntax/document.ts';
import { both, type Expression } from './syntax/expression.ts';
import type { Logsource } from './syntax/logsource.ts';
import { lowerCondition, lowerDetection } from './syntax/lower.ts';
import { byIdAndName, type Metadata } from './syntax/metadata.ts';
import type { YamlNode } from './syntax/node.ts';
import type { Placeholders } from './syntax/placeholders.ts';
import type { Problems, RuleProblem } from './syntax/problem.ts';

/** A rule file as its reader hands it over: documents, and what was wrong with the text itself. */
export interface RuleFile {
  readonly file: string;
  readonly documents: readonly YamlNode[];
  readonly problems: readonly RuleProblem[];
}

/** Changes documents before they are compiled; what it refuses has a reason in its `problems`. */
export interface RuleTransform {
  rule(rule: RuleSource): RuleSource;
  filter(filter: FilterSource): FilterSource;
  /** With the log sources of the rules that it is about. */
  correlation(document: CorrelationDocument, logsources: readonly Logsource[]): CorrelationDocument;
}

export interface CompileOptions {
  readonly placeholders?: Placeholders;
  readonly transform?: RuleTransform;
  /** Statuses that are not loaded; default: unsupported and deprecated. */
  readonly excludedStatuses?: readonly string[];
}

/** Where a document stands and how it is called. */
export interface DocumentHead {
  /** Its id, else its name, else its title: how alerts and reports call it. */
  readonly key: string;
  readonly meta: Metadata;
  readonly file: string;
  readonly offset: number;
  readonly problems: Problems;
  readonly tests: YamlNode | undefined;
}

export interface CompiledRule extends DocumentHead {
  readonly kind: 'rule';
  readonly logsource: Logsource;
  readonly expression: Expression;
}

export interface CorrelationRule extends DocumentHead {
  readonly kind: 'correlation';
  readonly document: CorrelationDocument;
}

/** A document that takes no part, and why. */
export interface RefusedDocument extends DocumentHead {
  readonly kind: 'refused';
  readonly reason: string;
}

export type CompiledDocument = CompiledRule | CorrelationRule | RefusedDocument;

/** Everything that the files hold, in their order. Filters are worked into the rules already. */
export interface Compiled {
  readonly documents: readonly CompiledDocument[];
  readonly filters: readonly CompiledFilter[];
  /** Problems of whole files. */
  readonly fileProblems: readonly { readonly file: string; readonly problem: RuleProblem }[];
}

const EXCLUDED: readonly string[] = ['unsupported', 'deprecated'];

/** Compiles rule files. Never throws; one bad document never stops the others. */
export function compileRules(files: readonly RuleFile[], options: CompileOptions = {}): Compiled {
  return atOnce(compileSteps(files, options));
}

/** The same, a document at a time. */
export function* compileSteps(
  files: readonly RuleFile[],
  options: CompileOptions = {},
): Generator<void, Compiled> {
  const documents: CompiledDocument[] = [];
  const filters: CompiledFilter[] = [];
  const fileProblems = files.flatMap(({ file, problems }) => problems.map((problem) => ({ file, problem })));
  const taken = new Map<string, string>();
  for (const { file, documents: nodes } of files) {
    const resolved = resolveActions(nodes);
    for (const problem of resolved.problems) fileProblems.push({ file, problem });
    for (const node of resolved.documents) {
      yield;
      const source = parseDocument(node);
      claimNames(source, file, taken);
      if (source.kind === 'filter') {
        const changed = source.problems.failed ? source : (options.transform?.filter(source) ?? source);
        const filter = compileFilter(changed, file, (each, problems) =>
          compileParts(each, problems, options),
        );
        if (filter.problems.failed) documents.push(refused(head(source, file)));
        filters.push(filter);
      } else documents.push(compileDocument(source, file, options));
    }
  }
  const changed = changeCorrelations(documents, options.transform);
  return { documents: applyFilters(changed, filters), filters, fileProblems };
}

/** After all rules: a correlation may stand in front of those that it is about. */
function changeCorrelations(
  documents: readonly CompiledDocument[],
  transform: RuleTransform | undefined,
): readonly CompiledDocument[] {
  if (transform === undefined) return documents;
  const byName = byIdAndName(documents);
  const logsourcesOf = (name: string, depth: number): readonly Logsource[] => {
    const named = byName.get(name);
    if (named?.kind === 'rule') return [named.logsource];
    if (named?.kind !== 'correlation' || depth === MAX_CHAIN) return [];
    return named.document.correlation.rules.flatMap((below) => logsourcesOf(below, depth + 1));
  };
  return documents.map((each) => {
    if (each.kind !== 'correlation') return each;
    const { rules } = each.document.correlation;
    const document = transform.correlation(
      each.document,
      rules.flatMap((name) => logsourcesOf(name, 0)),
    );
    return each.problems.failed ? refused(each) : { ...each, meta: document.meta, document };
  });
}

function head({ meta, offset, problems, tests }: SigmaDocument, file: string): DocumentHead {
  return { key: meta.id ?? meta.name ?? meta.title, meta, file, offset, problems, tests };
}

function refused(of: DocumentHead, reason = of.problems.reason ?? 'unknown'): RefusedDocument {
  return { ...of, kind: 'refused', reason };
}

/** Ids and names are what correlations and filters refer by: the first document has them. */
function claimNames(
  { meta, offset, problems }: SigmaDocument,
  file: string,
  taken: Map<string, string>,
): void {
  for (const [what, name] of [
    ['id', meta.id],
    ['name', meta.name],
  ] as const) {
    if (name === undefined) continue;
    const owner = taken.get(name);
    if (owner === undefined) taken.set(name, file);
    else
      problems.error(
        'duplicate-id',
        offset,
        `the ${what} "${name}" is that of an earlier document in ${owner}`,
      );
  }
}

function compileDocument(
  source: Exclude<SigmaDocument, FilterSource>,
  file: string,
  options: CompileOptions,
): CompiledDocument {
  const of = head(source, file);
  const { problems, meta } = source;
  const excluded = options.excludedStatuses ?? EXCLUDED;
  if (meta.status !== undefined && excluded.includes(meta.status) && !problems.failed)
    return refused(of, `rules of status "${meta.status}" are not loaded`);
  if (source.kind === 'broken' || problems.failed) return refused(of);
  if (source.kind === 'correlation') return { ...of, kind: 'correlation', document: source };
  const changed = options.transform?.rule(source) ?? source;
  const expression = problems.failed ? undefined : compileParts(changed, problems, options);
  if (expression === undefined) return refused(of);
  return { ...of, meta: changed.meta, kind: 'rule', logsource: changed.logsource, expression };
}

interface Parts {
  readonly detections: ReadonlyMap<string, Detection>;
  readonly conditions: readonly ConditionText[];
  readonly dropped?: readonly string[];
}

/** Detections and conditions to one expression; undefined, with the problem reported, when something is unsound. */
function compileParts(parts: Parts, problems: Problems, options: CompileOptions): Expression | undefined {
  const { dropped = [] } = parts;
  const names = [...parts.detections.keys()];
  const conditions = parts.conditions.map(({ text, offset }) =>
    parseCondition({ text, offset, names: [...names, ...dropped] }, problems),
  );
  const asked = conditions.filter((condition) => condition !== undefined);
  const sound = asked.flatMap((condition) => withoutNames(condition, dropped) ?? []);
  if (asked.length > 0 && sound.length === 0)
    problems.error(
      'pipeline',
      parts.conditions[0]?.offset ?? 0,
      'pipelines drop all that the condition asks for',
    );
  const context = { problems, placeholders: options.placeholders ?? new Map() };
  const lowered = new Map<string, Expression>();
  for (const [name, detection] of parts.detections) {
    const expression = lowerDetection(detection, context);
    if (expression !== undefined) lowered.set(name, expression);
  }
  if (problems.failed || sound.length === 0) return undefined;
  lintUnused(names, sound, parts, problems);
  return both(
    'or',
    sound.map((condition) => lowerCondition(condition, lowered)),
  );
}

function lintUnused(
  names: readonly string[],
  conditions: readonly Condition[],
  { conditions: texts }: Parts,
  problems: Problems,
): void {
  const used = new Set(conditions.flatMap(namesIn));
  for (const name of names) {
    if (!used.has(name))
      problems.warn(
        'lint-unused-selection',
        texts[0]?.offset ?? 0,
        `the condition never uses the detection "${name}"`,
      );
  }
}
