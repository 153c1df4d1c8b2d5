import type { Compiled, CompiledDocument, CompiledRule } from './compile.ts';
import { type Correlations, createCorrelations } from './correlate/correlations.ts';
import type { Fired } from './correlate/hit.ts';
import { planCorrelations } from './correlate/plan.ts';
import { createGenericMatcher, type GenericEvent, lookUp } from './generic-events.ts';

/** Rules and correlations over events of any log source, fields named as the rules name them. */
export interface GenericEngine {
  /** Documents that the event fulfils, and correlations that come true by it, in the order of the files. */
  match(event: GenericEvent, timeMs: number): readonly CompiledDocument[];
  /** Correlations that come true when nothing more comes. */
  finish(): readonly CompiledDocument[];
  /** Whether there are correlations: only they look at times. */
  readonly correlates: boolean;
  readonly correlations: Pick<Correlations<GenericEvent>, 'save' | 'restore'>;
}

/** Events must come in the order of their times: none is waited for. */
export function createGenericEngine(compiled: Pick<Compiled, 'documents'>): GenericEngine {
  const { documents } = compiled;
  const rules = documents.filter((document): document is CompiledRule => document.kind === 'rule');
  const rulesFor = createGenericMatcher(rules);
  const numbers = new Map<CompiledDocument, number>(documents.map((document, number) => [document, number]));
  const correlations = planGeneric(documents, numbers);
  let latestMs = 0;

  const documentsOf = (fired: readonly Fired<GenericEvent>[]): readonly CompiledDocument[] =>
    fired.flatMap(({ document }) => documents[document] ?? []);

  return {
    correlates: documents.some(({ kind }) => kind === 'correlation'),
    correlations,
    match(event, timeMs) {
      latestMs = Math.max(latestMs, timeMs);
      const { rules: own, index } = rulesFor(event.logsource);
      const found = index.match(event).flatMap((number) => own[number] ?? []);
      const concerned = found.map((rule) => numbers.get(rule) ?? -1);
      const needed = concerned.flatMap((number) => correlations.fieldsOf(number) ?? []);
      const due = correlations.advance(timeMs);
      const relevant = concerned.filter((number) => correlations.fieldsOf(number) !== undefined);
      if (relevant.length === 0) return [...found, ...documentsOf(due)];
      const fields = new Map(needed.map((name) => [name, lookUp(event.fields, name)]));
      const fired = correlations.add({ event, source: 0, timeMs, fields, documents: relevant });
      return [...found, ...new Set(documentsOf([...due, ...fired]))];
    },
    finish: () => documentsOf(correlations.finish(latestMs + WHOLE_WINDOW_MS)),
  };
}

/** Longer than any window, so that all of them close. */
const WHOLE_WINDOW_MS = 100 * 366 * 86_400_000;

function planGeneric(
  documents: readonly CompiledDocument[],
  numbers: ReadonlyMap<CompiledDocument, number>,
): Correlations<GenericEvent> {
  const { planned } = planCorrelations(documents, () => true);
  return createCorrelations<GenericEvent>(
    planned.map((plan) => ({
      ...plan,
      own: numbers.get(plan.rule) ?? -1,
      inputNumbers: plan.inputs.map((input) => numbers.get(input) ?? -1),
    })),
    { slackMs: 0 },
  );
}
