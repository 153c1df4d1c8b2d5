import type { RuleTransform } from '../compile.ts';
import type { CorrelationDocument, FilterSource, RuleSource } from '../syntax/document.ts';
import type { Logsource } from '../syntax/logsource.ts';
import type { Pipeline } from './pipeline.ts';
import type { Subject } from './subject.ts';

/** All pipelines, one after the other by their priority, as one change of documents. */
export function transformBy(pipelines: readonly Pipeline[]): RuleTransform {
  const ordered = pipelines.toSorted((a, b) => a.priority - b.priority);
  const vars = new Map(ordered.flatMap((pipeline) => [...pipeline.vars]));
  const run = (subject: Subject): Subject => {
    for (const { apply } of ordered) apply(subject);
    return subject;
  };
  return {
    rule: (rule) => withChanges(rule, run(subjectOf(rule, vars))),
    filter: (filter) => filterWithChanges(filter, run(subjectOf(filter, vars))),
    correlation(document, logsources) {
      const { meta, correlation } = run(correlationSubject(document, logsources, vars));
      return { ...document, meta, correlation: correlation ?? document.correlation };
    },
  };
}

type Vars = Subject['vars'];

function blank({ offset, problems, meta }: RuleSource | FilterSource | CorrelationDocument, vars: Vars) {
  const tracking = {
    state: new Map(),
    applied: new Set<string>(),
    appliedToField: new Map(),
    mapped: new Set<string>(),
  };
  return { offset, problems, meta, vars, dropped: [], ...tracking };
}

function subjectOf(source: RuleSource | FilterSource, vars: Vars): Subject {
  const { logsource, detections } = source;
  const conditions = source.kind === 'rule' ? source.conditions : [source.condition];
  return { ...blank(source, vars), logsources: [logsource], detections, conditions, correlation: undefined };
}

function correlationSubject(
  document: CorrelationDocument,
  logsources: readonly Logsource[],
  vars: Vars,
): Subject {
  const { correlation } = document;
  return { ...blank(document, vars), logsources, detections: new Map(), conditions: [], correlation };
}

function withChanges(rule: RuleSource, subject: Subject): RuleSource {
  const { meta, detections, conditions, dropped, logsources } = subject;
  const [logsource = rule.logsource] = logsources;
  return { ...rule, meta, logsource, detections, conditions, dropped };
}

/** A filter is a part of the rules that it is meant for: it names the same fields as they do. */
function filterWithChanges(filter: FilterSource, subject: Subject): FilterSource {
  const { detections, conditions, dropped, logsources } = subject;
  const [[logsource = filter.logsource], [condition = filter.condition]] = [logsources, conditions];
  return { ...filter, logsource, detections, condition, dropped };
}
