import { atOnce } from '../net/steps.ts';
import type { EventClass } from './classes/event-class.ts';
import type { Compiled, CompiledDocument } from './compile.ts';
import { type CorrelationPlan, planCorrelations } from './correlate/plan.ts';
import { lintRule, shadowedRules } from './lint.ts';
import { createRouter, type Route, type Router, type RoutingOptions, type RuleState } from './routing.ts';

/** Documents in one step. */
const STEP = 32;

/** What became of one document. */
export interface DocumentReport {
  readonly document: CompiledDocument;
  readonly state: RuleState;
  /** Why it is not simply loaded. */
  readonly reason: string | undefined;
  /** For rules that take part. */
  readonly route: Route | undefined;
}

export interface LoadReport {
  readonly documents: readonly DocumentReport[];
  readonly correlations: CorrelationPlan;
  readonly counts: Readonly<Record<RuleState, number>>;
}

/** Routes every rule to its event classes and says of every document what became of it. */
export function reportRules(
  compiled: Compiled,
  classes: readonly EventClass<never>[],
  options: RoutingOptions,
): LoadReport {
  return atOnce(reportSteps(compiled, classes, options));
}

/** The same in small steps. */
export function* reportSteps(
  compiled: Compiled,
  classes: readonly EventClass<never>[],
  options: RoutingOptions,
): Generator<void, LoadReport> {
  const router = createRouter(classes, options);
  yield* shadowedRules(compiled.documents);
  const rules = new Map<CompiledDocument, DocumentReport>();
  for (const document of compiled.documents) {
    rules.set(document, reportRule(document, router));
    if (rules.size % STEP === 0) yield;
  }
  const isAlive = (document: CompiledDocument): boolean => {
    const report = rules.get(document);
    return report?.state === 'loaded' || report?.state === 'partial';
  };
  const correlations = planCorrelations(compiled.documents, isAlive);
  const documents = compiled.documents.map((document) => {
    const report = rules.get(document);
    if (document.kind !== 'correlation' || report === undefined) return report ?? refusal(document);
    const reason = correlations.refused.get(document);
    if (reason === undefined) return report;
    return { ...report, state: reason.state, reason: reason.text };
  });
  const counts = { loaded: 0, partial: 0, inert: 0, refused: 0 };
  for (const { state } of documents) counts[state] += 1;
  return { documents, correlations, counts };
}

function reportRule(document: CompiledDocument, router: Router): DocumentReport {
  switch (document.kind) {
    case 'refused':
      return refusal(document);
    case 'correlation':
      return { document, state: 'loaded', reason: undefined, route: undefined };
    case 'rule': {
      const route = router.route(document);
      lintRule(document, route);
      return { document, state: route.state, reason: route.reason, route };
    }
    default:
      return document satisfies never;
  }
}

const refusal = (document: CompiledDocument): DocumentReport => ({
  document,
  state: 'refused',
  reason: document.kind === 'refused' ? document.reason : document.problems.reason,
  route: undefined,
});
