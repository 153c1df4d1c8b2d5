import type { FieldValue } from '../match/value.ts';
import { Correlator, type CorrelatorLimits } from './correlator.ts';
import type { SavedGroup } from './group.ts';
import { type CorrelationCounters, createCorrelationCounters, type Fired, type Hit } from './hit.ts';
import type { PlannedCorrelation } from './plan.ts';
import { createReorder } from './reorder.ts';

export interface CorrelationsOptions {
  /** How late an event may come and still be put into its place; 2 s by default. */
  readonly slackMs?: number;
  readonly limits?: Partial<CorrelatorLimits>;
}

/** All correlations of a rule set. */
export interface Correlations<E> {
  /** Takes an event with the documents that it fulfilled; gives what has come true. */
  add(hit: Hit<E>): readonly Fired<E>[];
  /** Lets time pass. */
  advance(nowMs: number): readonly Fired<E>[];
  /** Nothing more will come. */
  finish(nowMs: number): readonly Fired<E>[];
  /** Fields that are read of events that fulfil a document; undefined when no correlation builds on it. */
  fieldsOf(document: number): readonly string[] | undefined;
  readonly counters: Readonly<CorrelationCounters>;
  /** Groups kept now. */
  groups(): number;
  /** Takes what waits for its turn, and closes no window. */
  drain(): readonly Fired<E>[];
  /** Correlations<E> of the same text go on with what those know. */
  takeOver(previous: Correlations<E>): void;
  /** Groups by the text of their correlation, for a run to come. Events that wait for their turn are not among them: drain() before. */
  save(): Iterable<SavedCorrelation<E>>;
  /** Takes over what save() gave, where the text is still the same; returns how many groups are not. */
  restore(saved: readonly SavedCorrelation<E>[]): number;
  /** The state of the correlation of this text. */
  stateOf(signature: string): Correlator<E> | undefined;
}

const LIMITS: CorrelatorLimits = { maxGroups: 100_000, maxEntries: 20_000 };
const SLACK_MS = 2_000;
/** Events that wait for earlier ones. */
const MAX_WAITING = 100_000;

export interface SavedCorrelation<E> {
  readonly signature: string;
  readonly group: SavedGroup<E>;
}

interface Level<E> {
  readonly correlator: Correlator<E>;
  readonly inputs: ReadonlySet<number>;
}

/** `numberOf` numbers documents; correlations come with what they build on before them. */
export function createCorrelations<E>(
  planned: readonly (PlannedCorrelation & {
    readonly own: number;
    readonly inputNumbers: readonly number[];
  })[],
  { slackMs = SLACK_MS, limits = {} }: CorrelationsOptions = {},
): Correlations<E> {
  const counters = createCorrelationCounters();
  const levels = planned.map((plan): Level<E> => {
    const numbers = { own: plan.own, inputs: plan.inputNumbers };
    const correlator = new Correlator<E>(plan, numbers, { limits: { ...LIMITS, ...limits }, counters });
    return { correlator, inputs: new Set(plan.inputNumbers) };
  });
  const fields = neededFields(levels);
  const reorder = createReorder<Hit<E>>();
  let reachedMs = Number.NEGATIVE_INFINITY;

  function release(untilMs: number): Fired<E>[] {
    const fired: Fired<E>[] = [];
    for (let hit = reorder.shiftUntil(untilMs); hit !== undefined; hit = reorder.shiftUntil(untilMs)) {
      reachedMs = Math.max(reachedMs, hit.timeMs);
      apply(hit, fired);
    }
    return fired;
  }

  /** Most hits concern one correlation with nothing above it. */
  const simple = new Map<number, Correlator<E>>();
  for (const { correlator, inputs } of levels) {
    for (const input of inputs) {
      const users = levels.filter(
        (level) => level.inputs.has(input) || level.inputs.has(correlator.document),
      );
      if (users.length === 1) simple.set(input, correlator);
    }
  }

  /** What a correlation makes true is an event for those above it: the last event, with the group's values over it. */
  function apply(hit: Hit<E>, fired: Fired<E>[]): void {
    const [first] = hit.documents;
    const direct = hit.documents.length === 1 && first !== undefined ? simple.get(first) : undefined;
    if (direct !== undefined) {
      for (const result of direct.add(hit)) fired.push(result);
      return;
    }
    const documents = new Set(hit.documents);
    const extra = new Map<number, Fired<E>>();
    for (const { correlator, inputs } of levels) {
      const concerned = [...inputs].filter((input) => documents.has(input));
      if (concerned.length === 0) continue;
      const own = overlaid(hit, concerned, extra);
      for (const result of correlator.add(own)) {
        fired.push(result);
        documents.add(result.document);
        extra.set(result.document, result);
      }
    }
  }

  function close(nowMs: number): Fired<E>[] {
    const fired: Fired<E>[] = [];
    for (const { correlator } of levels) {
      for (const result of correlator.advance(nowMs)) {
        fired.push(result);
        const fieldsOfHit = withGroup(result.last.fields, result);
        apply(
          { ...result.last, timeMs: result.timeMs, fields: fieldsOfHit, documents: [result.document] },
          fired,
        );
      }
    }
    return fired;
  }

  return {
    counters,
    add(hit) {
      if (hit.timeMs < reachedMs) counters.late += 1;
      const placed = hit.timeMs < reachedMs ? { ...hit, timeMs: reachedMs } : hit;
      reorder.push(placed.timeMs, placed);
      // Too many wait for their turn: the earliest has waited long enough.
      const earliest = reorder.size > MAX_WAITING ? reorder.earliestMs : Number.NEGATIVE_INFINITY;
      return release(Math.max(earliest, reorder.latestMs - slackMs));
    },
    advance(nowMs) {
      const fired = release(nowMs - slackMs);
      return [...fired, ...close(nowMs - slackMs)];
    },
    finish(nowMs) {
      const fired = release(Number.POSITIVE_INFINITY);
      return [...fired, ...close(Math.max(nowMs, reachedMs))];
    },
    fieldsOf: (document) => fields.get(document),
    groups: () => levels.reduce((sum, { correlator }) => sum + correlator.groups, 0),
    drain: () => release(Number.POSITIVE_INFINITY),
    takeOver(previous) {
      for (const { correlator } of levels) {
        const before = previous.stateOf(correlator.signature);
        if (before !== undefined) correlator.adopt(before);
      }
    },
    *save() {
      for (const { correlator } of levels) {
        const { signature } = correlator;
        for (const group of correlator.save()) yield { signature, group };
      }
    },
    restore(saved) {
      const foreign = new Set(saved);
      for (const { correlator } of levels) {
        const { signature } = correlator;
        const own = saved.filter((each) => each.signature === signature);
        for (const each of own) foreign.delete(each);
        correlator.restore(own.map(({ group }) => group));
      }
      return foreign.size;
    },
    stateOf: (signature) => levels.find(({ correlator }) => correlator.signature === signature)?.correlator,
  };
}

/** Fields that a document's events must bring: for its own correlations, and for those above them. */
function neededFields<E>(levels: readonly Level<E>[]): ReadonlyMap<number, readonly string[]> {
  const needed = new Map<number, Set<string>>();
  for (const { correlator, inputs } of levels.toReversed()) {
    const above = needed.get(correlator.document) ?? new Set();
    for (const input of inputs) {
      const own = needed.get(input) ?? new Set();
      for (const name of [...correlator.fieldsOf(input), ...above]) own.add(name);
      needed.set(input, own);
    }
  }
  return new Map([...needed].map(([document, names]) => [document, [...names]]));
}

function overlaid<E>(
  hit: Hit<E>,
  concerned: readonly number[],
  extra: ReadonlyMap<number, Fired<E>>,
): Hit<E> {
  const [only] = concerned;
  const result = concerned.length === 1 && only !== undefined ? extra.get(only) : undefined;
  const fields = result === undefined ? hit.fields : withGroup(hit.fields, result);
  return { ...hit, fields, documents: concerned };
}

function withGroup<E>(
  fields: ReadonlyMap<string, FieldValue>,
  { group }: Fired<E>,
): ReadonlyMap<string, FieldValue> {
  return new Map([...fields, ...group]);
}
