import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import { connectionClass } from '../../src/rules/classes/connection.ts';
import { httpClass } from '../../src/rules/classes/contents.ts';
import { dnsClass } from '../../src/rules/classes/dns.ts';
import type { EventClass } from '../../src/rules/classes/event-class.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { processClass } from '../../src/rules/classes/process.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { bind, slotLookup } from '../../src/rules/match/bind.ts';
import { buildRuleIndex, type RuleIndex } from '../../src/rules/match/rule-index.ts';
import { EVERYTHING } from '../../src/rules/selection.ts';
import { isServedBy } from '../../src/rules/syntax/logsource.ts';
import type { BenchContext, Benchmark, Outcome, Row, Target } from '../model.ts';
import { summarise } from '../statistics.ts';
import {
  connectionEvent,
  dnsEvent,
  httpEvent,
  manyRules,
  manyRuleTexts,
  processEvent,
} from '../support/rule-load.ts';

const RULES = 1_000;
const MORE_RULES = 10_000;
const LOADED = 3_800;

interface Case<E> {
  readonly label: string;
  readonly eventClass: EventClass<E>;
  readonly eventOf: (n: number) => E;
  readonly target: number;
}

const CASES = [
  { label: 'connection', eventClass: connectionClass(NO_PORTS), eventOf: connectionEvent, target: 1_000_000 },
  { label: 'dns', eventClass: dnsClass(NO_PORTS), eventOf: dnsEvent, target: 800_000 },
  { label: 'http', eventClass: httpClass('server', NO_PORTS), eventOf: httpEvent, target: 500_000 },
  { label: 'process', eventClass: processClass(NO_PORTS), eventOf: processEvent, target: 1_000_000 },
] as const;

export const rules: Benchmark = {
  name: 'rules',
  title: 'Sigma rules',
  work:
    `Events against ${RULES} and ${MORE_RULES} rules of their class (the shipped ones, and copies with other literals): 5,000 hosts, 400 ` +
    `programs, 3,000 command lines, 500 user agents, every URL another. Loading: ${LOADED} documents from text to indexes. One thread.`,
  compares: 'the index with a plain evaluation rule by rule, and ten times the rules.',
  live: false,
  run: async (context: BenchContext) => measure(context),
};

function indexOf<E>(eventClass: EventClass<E>, count: number): RuleIndex<E> {
  const slotOf = slotLookup(eventClass);
  const own = manyRules(count, ({ logsource }) =>
    eventClass.profiles.some((profile) => isServedBy(logsource, profile)),
  );
  return buildRuleIndex(
    eventClass,
    own.map(({ expression }) => bind(expression, eventClass, slotOf)),
  );
}

function rateOf<E>(events: readonly E[], match: (event: E) => readonly number[]): number {
  const began = performance.now();
  let matched = 0;
  for (const event of events) matched += match(event).length;
  const seconds = (performance.now() - began) / 1000;
  if (!Number.isFinite(matched)) throw new Error('nothing was counted');
  return events.length / seconds;
}

function measure({ quick, say }: BenchContext): Outcome {
  const rounds = quick ? 3 : 7;
  const rows: Row[] = [];
  const raw: Record<string, number[]> = {};
  const add = (label: string, unit: string, samples: number[], target?: Target): void => {
    raw[`${label}, ${unit}`] = samples;
    rows.push({ label, unit, ...summarise(samples), ...(target !== undefined && { target }) });
  };
  for (const each of CASES) {
    const { own, more, plain } = measureCase(each as Case<unknown>, quick ? 5_000 : 20_000, rounds);
    add(`${each.label}, ${RULES} rules`, 'events/s', own, { sense: '>=', value: each.target });
    add(
      `${each.label}, time with ten times the rules`,
      'ratio',
      own.map((rate, i) => rate / (more[i] ?? rate)),
      { sense: '<=', value: 2 },
    );
    add(
      `${each.label}, index against plain evaluation`,
      'ratio',
      own.map((rate, i) => rate / (plain[i] ?? rate)),
      { sense: '>=', value: 100 },
    );
    say(each.label);
  }
  add(`loading ${LOADED} documents`, 's', Array.from({ length: quick ? 1 : 3 }, load), {
    sense: '<=',
    value: 4,
  });
  return { rows, raw };
}

/** Own rules, ten times as many, and the plain evaluation take turns; the first round warms up. */
function measureCase<E>({ eventClass, eventOf }: Case<E>, count: number, rounds: number) {
  const events = Array.from({ length: count }, (_, n) => eventOf(n));
  const few = events.slice(0, 50);
  const index = indexOf(eventClass, RULES);
  const large = indexOf(eventClass, MORE_RULES);
  const own: number[] = [];
  const more: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const rates = [
      rateOf(events, (event) => index.match(event)),
      rateOf(events, (event) => large.match(event)),
      rateOf(few, (event) => index.matchPlainly(event)),
    ] as const;
    if (round === 0) continue;
    own.push(rates[0]);
    more.push(rates[1]);
    plain.push(rates[2]);
  }
  return { own, more, plain };
}

/** From text to indexes, in seconds. */
function load(): number {
  const files = manyRuleTexts(LOADED);
  const began = performance.now();
  const read = files.map((text, n) => ({ file: String(n), ...readRuleYaml(text) }));
  const engine = createRuleEngine(compileRules(read), {
    viewpoint: 'host',
    selection: EVERYTHING,
    portableWindows: false,
  });
  const seconds = (performance.now() - began) / 1000;
  if (engine.report.counts.loaded < LOADED / 2) throw new Error('rules were refused');
  return seconds;
}
