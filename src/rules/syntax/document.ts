import { type CorrelationSource, parseCorrelation } from './correlation.ts';
import { type Detection, parseDetection } from './detection.ts';
import { type Logsource, parseLogsource } from './logsource.ts';
import { type Metadata, parseMetadata } from './metadata.ts';
import { childOf, textOf, textsOf, type YamlMap, type YamlNode } from './node.ts';
import { Problems } from './problem.ts';

export interface ConditionText {
  readonly text: string;
  readonly offset: number;
}

interface DocumentBase {
  readonly meta: Metadata;
  readonly offset: number;
  readonly problems: Problems;
  /** The custom key `tests`; rules test reads it. */
  readonly tests: YamlNode | undefined;
}

/** A rule as written: detections are read, conditions not yet. */
export interface RuleSource extends DocumentBase {
  readonly kind: 'rule';
  readonly logsource: Logsource;
  readonly detections: ReadonlyMap<string, Detection>;
  readonly conditions: readonly ConditionText[];
  /** Detections that the conditions name and of which pipelines left nothing. */
  readonly dropped?: readonly string[];
}

export interface CorrelationDocument extends DocumentBase {
  readonly kind: 'correlation';
  readonly correlation: CorrelationSource;
}

export interface FilterSource extends DocumentBase {
  readonly kind: 'filter';
  readonly logsource: Logsource;
  readonly detections: ReadonlyMap<string, Detection>;
  readonly condition: ConditionText;
  /** As in a rule. */
  readonly dropped?: readonly string[];
  /** Ids or names; `any` for every rule of the log source. */
  readonly rules: readonly string[] | 'any';
}

/** A document of which nothing sound can be made. */
export interface BrokenDocument extends DocumentBase {
  readonly kind: 'broken';
}

export type SigmaDocument = RuleSource | CorrelationDocument | FilterSource | BrokenDocument;

/** Reads one document. Never throws: what is wrong is in its `problems`. */
export function parseDocument(node: YamlNode): SigmaDocument {
  const problems = new Problems();
  if (node.kind !== 'map') {
    problems.error('document-kind', node.offset, 'a Sigma document must be a mapping');
    return { kind: 'broken', meta: UNKNOWN, offset: node.offset, problems, tests: undefined };
  }
  const meta = parseMetadata(node, problems);
  const base = { meta, offset: node.offset, problems, tests: childOf(node, 'tests') };
  const rest = restOf(node, problems);
  return rest === undefined || problems.failed ? { kind: 'broken', ...base } : { ...base, ...rest };
}

const UNKNOWN: Metadata = {
  title: '',
  references: [],
  tags: [],
  fields: [],
  falsePositives: [],
  scope: [],
  related: [],
  custom: {},
};

type Rest<T extends DocumentBase> = Omit<T, keyof DocumentBase>;

function restOf(
  node: YamlMap,
  problems: Problems,
): Rest<RuleSource> | Rest<CorrelationDocument> | Rest<FilterSource> | undefined {
  const correlation = childOf(node, 'correlation');
  if (correlation !== undefined) {
    const parsed = parseCorrelation(correlation, problems);
    return parsed && { kind: 'correlation', correlation: parsed };
  }
  const filter = childOf(node, 'filter');
  if (filter !== undefined) return parseFilter(node, filter, problems);
  return parseRule(node, problems);
}

function parseRule(node: YamlMap, problems: Problems): Rest<RuleSource> | undefined {
  const logsource = parseLogsource(childOf(node, 'logsource'), node.offset, problems);
  const detection = childOf(node, 'detection');
  if (detection?.kind !== 'map') {
    problems.error('document-key', detection?.offset ?? node.offset, '"detection" must be a mapping');
    return undefined;
  }
  const detections = parseDetections(detection, ['condition', 'timeframe'], problems);
  const conditions = conditionsOf(detection, problems);
  if (logsource === undefined || detections === undefined || conditions.length === 0) return undefined;
  return { kind: 'rule', logsource, detections, conditions };
}

function parseDetections(
  node: YamlMap,
  reserved: readonly string[],
  problems: Problems,
): ReadonlyMap<string, Detection> | undefined {
  const detections = new Map<string, Detection>();
  for (const { key, value } of node.entries) {
    if (reserved.includes(key)) continue;
    const detection = parseDetection(value, problems);
    if (detection !== undefined) detections.set(key, detection);
    lintName(key, value.offset, problems);
  }
  if (problems.failed) return undefined;
  if (detections.size > 0) return detections;
  problems.error('detection-empty', node.offset, 'there is no detection beside the condition');
  return undefined;
}

function lintName(name: string, offset: number, problems: Problems): void {
  if (/^not./.test(name))
    problems.warn('lint-identifier', offset, `other Sigma tools read "${name}" as "not ${name.slice(3)}"`);
}

function conditionsOf(detection: YamlMap, problems: Problems): readonly ConditionText[] {
  const node = childOf(detection, 'condition');
  const nodes = node?.kind === 'seq' ? node.items : node === undefined ? [] : [node];
  const texts = nodes.flatMap((each) => {
    const text = textOf(each);
    return text === undefined ? [] : [{ text, offset: each.offset }];
  });
  if (texts.length === 0 || texts.length < nodes.length)
    problems.error(
      'document-key',
      node?.offset ?? detection.offset,
      '"condition" must be text, or a list of texts',
    );
  return texts;
}

function parseFilter(node: YamlMap, filter: YamlNode, problems: Problems): Rest<FilterSource> | undefined {
  const logsource = parseLogsource(childOf(node, 'logsource'), node.offset, problems);
  if (filter.kind !== 'map') {
    problems.error('filter-invalid', filter.offset, '"filter" must be a mapping');
    return undefined;
  }
  const rules = filteredRules(childOf(filter, 'rules'), filter.offset, problems);
  const [condition, second] = conditionsOf(filter, problems);
  if (second !== undefined) problems.error('filter-invalid', second.offset, 'a filter has one condition');
  const detections = parseDetections(filter, ['condition', 'rules'], problems);
  if (logsource === undefined || rules === undefined || condition === undefined || detections === undefined)
    return undefined;
  if (!/\bnot\b/i.test(condition.text))
    problems.warn(
      'lint-filter-polarity',
      condition.offset,
      'this filter keeps only matching events; to exclude them write "not" in its condition',
    );
  return { kind: 'filter', logsource, detections, condition, rules };
}

function filteredRules(
  node: YamlNode | undefined,
  at: number,
  problems: Problems,
): FilterSource['rules'] | undefined {
  if (node === undefined) {
    problems.error('filter-invalid', at, '"filter" needs "rules": any, or a list of rule ids or names');
    return undefined;
  }
  const names = textsOf(node);
  if (node.kind === 'seq' && names.length === 0) return 'any';
  if (node.kind === 'scalar' && names[0] === 'any') return 'any';
  if (names.length > 0) return names;
  problems.error('filter-invalid', node.offset, '"rules" must be any, or ids or names of rules');
  return undefined;
}
