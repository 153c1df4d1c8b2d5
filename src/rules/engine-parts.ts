import type { ConversationFacts } from '../model/conversation.ts';
import type { HttpEvent } from '../model/event.ts';
import type { LookupContext, ReputationLookup } from '../model/lookup.ts';
import { type ClassRules, createClassRules } from './class-rules.ts';
import type { HttpSide } from './classes/contents.ts';
import type { EventClass } from './classes/event-class.ts';
import { type Classes, createClasses, listClasses, type Viewpoint } from './classes/index.ts';
import type { Compiled, CompiledDocument } from './compile.ts';
import { type Correlations, createCorrelations } from './correlate/correlations.ts';
import { type LoadReport, reportSteps } from './report.ts';
import type { RuleEvent } from './rule-event.ts';
import { createSelection, type SelectionOptions } from './selection.ts';

export interface RuleSetOptions {
  readonly viewpoint: Viewpoint;
  readonly selection: SelectionOptions;
  readonly portableWindows: boolean;
  readonly computer?: string;
  readonly reputation?: ReputationLookup;
}

/** What became of the documents of a rule set, before any index is built. Numbers are places in `documents`. */
export interface Prepared {
  readonly documents: readonly CompiledDocument[];
  readonly report: LoadReport;
  readonly classes: Classes;
  /** Documents that alert only through a correlation. */
  readonly silent: ReadonlySet<number>;
  /** Documents that are only counted. */
  readonly shadow: ReadonlySet<number>;
  /** Rules written for Windows. */
  readonly portable: ReadonlySet<number>;
}

type RulesOf<C> = C extends EventClass<infer E> ? ClassRules<E> : never;

/** The rules of every event class, compiled. */
export type AllClassRules = { readonly [K in Exclude<keyof Classes, 'http'>]: RulesOf<Classes[K]> } & {
  readonly http: ReadonlyMap<HttpSide, ClassRules<HttpEvent>>;
};

/** Selects and routes the documents, in steps. */
export function* prepare(compiled: Compiled, options: RuleSetOptions): Generator<void, Prepared> {
  const selection = createSelection(options.selection);
  const documents = compiled.documents.map((document): CompiledDocument => {
    const reason = document.kind === 'refused' ? undefined : selection.excluded(document);
    return reason === undefined ? document : { ...document, kind: 'refused', reason };
  });
  const { reputation, computer, viewpoint, portableWindows } = options;
  const listsOf = ({ role, remote, timeMs }: ConversationFacts): readonly string[] | undefined => {
    const outbound = role !== 'server';
    const context: LookupContext = {
      timeMs,
      direction: outbound ? 'outbound' : 'inbound',
      ...(outbound && { port: remote.port }),
    };
    return reputation?.lookup(remote.ip, context).map(({ list }) => list);
  };
  const classes = createClasses({ listsOf, computer }, viewpoint);
  yield;
  const report = yield* reportSteps({ ...compiled, documents }, listClasses(classes), { portableWindows });
  yield;
  const numbers = (test: (document: CompiledDocument, number: number) => boolean): ReadonlySet<number> =>
    new Set(documents.flatMap((document, number) => (test(document, number) ? [number] : [])));
  return {
    documents,
    report,
    classes,
    silent: numbers((document) => report.correlations.silent.has(document)),
    shadow: numbers((document) => selection.isShadow(document)),
    portable: numbers((_, number) => report.documents[number]?.route?.portable === true),
  };
}

/** Builds the index of one event class after the other, in steps. */
export function* compileClasses({ classes, report }: Prepared): Generator<void, AllClassRules> {
  const compile = <E>(eventClass: EventClass<E>): Generator<void, ClassRules<E>> =>
    compileClass(eventClass, report);
  const http = new Map<HttpSide, ClassRules<HttpEvent>>();
  for (const [side, eventClass] of classes.http) http.set(side, yield* compile(eventClass));
  return {
    connection: yield* compile(classes.connection),
    rdp: yield* compile(classes.rdp),
    flow: yield* compile(classes.flow),
    dns: yield* compile(classes.dns),
    http,
    grpc: yield* compile(classes.grpc),
    tls: yield* compile(classes.tls),
    packetRate: yield* compile(classes.packetRate),
    process: yield* compile(classes.process),
    finding: yield* compile(classes.finding),
  };
}

function compileClass<E>(eventClass: EventClass<E>, report: LoadReport): Generator<void, ClassRules<E>> {
  const rules = report.documents.flatMap(({ route }, document) =>
    (route?.routed ?? [])
      .filter(({ className }) => className === eventClass.name)
      .map(({ bound }) => ({ document, bound })),
  );
  return createClassRules(eventClass, rules);
}

/** The correlations of a rule set. */
export function planOf({ documents, report }: Prepared): Correlations<RuleEvent> {
  const numbers = new Map(documents.map((document, number) => [document, number] as const));
  const numberOf = (document: CompiledDocument): number => numbers.get(document) ?? -1;
  const planned = report.correlations.planned.map((plan) => ({
    ...plan,
    own: numberOf(plan.rule),
    inputNumbers: plan.inputs.map(numberOf),
  }));
  return createCorrelations<RuleEvent>(planned);
}
