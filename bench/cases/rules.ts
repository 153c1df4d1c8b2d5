import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import { connectionClass } from '../../src/rules/classes/connection.ts';
import { httpClass } from '../../src/rules/classes/contents.ts';
import { dnsClass } from '../../src/rules/classes/dns.ts';
import type { EventClass } from '../../src/rules/classes/event-class.ts';
import { NO_PORTS } from '../../src/rules/classes/ports.ts';
import { processClass } from '../../src/rules/classes/process.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { type Bound, bind, slotLookup } from '../../src/rules/match/bind.ts';
import { buildRuleIndex, type RuleIndex } from '../../src/rules/match/rule-index.ts';
import { EVERYTHING } from '../../src/rules/selection.ts';
import { isServedBy } from '../../src/rules/syntax/logsource.ts';
import type { BenchContext, Benchmark, Outcome, Row, Target } from '../model.ts';
import { summarise } from '../statistics.ts';
import { createJsonRules, type JsonRules } from '../support/json-rules.ts';
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
/** Each takes the other engine some milliseconds. */
const RIVAL_EVENTS = 10;

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
  compares:
    'the index with a plain evaluation rule by rule, with ten times the rules, and with json-rules-engine, whose operators are our plain tests.',
  live: false,
  run: measure,
};

function boundRules<E>(eventClass: EventClass<E>, count: number): readonly Bound[] {
  const slotOf = slotLookup(eventClass);
  const own = manyRules(count, ({ logsource }) =>
    eventClass.profiles.some((profile) => isServedBy(logsource, profile)),
  );
  return own.map(({ expression }) => bind(expression, eventClass, slotOf));
}

function rateOf<E>(events: readonly E[], match: (event: E) => readonly number[]): number {
  const began = performance.now();
  let matched = 0;
  for (const event of events) matched += match(event).length;
  const seconds = (performance.now() - began) / 1000;
  if (!Number.isFinite(matched)) throw new Error('nothing was counted');
  return events.length / seconds;
}

async function measure({ quick, say }: BenchContext): Promise<Outcome> {
  const rounds = quick ? 3 : 5;
  const rows: Row[] = [];
  const raw: Record<string, number[]> = {};
  const add = (label: string, unit: string, samples: number[], target?: Target): void => {
    raw[`${label}, ${unit}`] = samples;
    rows.push({ label, unit, ...summarise(samples), ...(target !== undefined && { target }) });
  };
  for (const each of CASES) {
    const { own, more, plain, rival } = await measureCase(
      each as Case<unknown>,
      quick ? 5_000 : 20_000,
      rounds,
    );
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
    add(
      `${each.label}, index against json-rules-engine`,
      'ratio',
      own.map((rate, i) => rate / (rival[i] ?? rate)),
    );
    say(each.label);
  }
  add(`loading ${LOADED} documents`, 's', Array.from({ length: quick ? 1 : 2 }, load), {
    sense: '<=',
    value: 4,
  });
  return { rows, raw };
}

/** Own rules, ten times as many, the plain evaluation and the other engine take turns; the first round warms up. */
async function measureCase<E>({ label, eventClass, eventOf }: Case<E>, count: number, rounds: number) {
  const events = Array.from({ length: count }, (_, n) => eventOf(n));
  const few = events.slice(0, 50);
  const bound = boundRules(eventClass, RULES);
  const index = buildRuleIndex(eventClass, bound);
  const large = buildRuleIndex(eventClass, boundRules(eventClass, MORE_RULES));
  const other = createJsonRules(bound);
  const rates = { own: [] as number[], more: [] as number[], plain: [] as number[], rival: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const taken = {
      own: rateOf(events, (event) => index.match(event)),
      more: rateOf(events, (event) => large.match(event)),
      plain: rateOf(few, (event) => index.matchPlainly(event)),
      rival: await rivalRate(few.slice(0, RIVAL_EVENTS), index, other, label),
    };
    if (round === 0) continue;
    for (const side of ['own', 'more', 'plain', 'rival'] as const) rates[side].push(taken[side]);
  }
  return rates;
}

/** Of the other engine, which must find what ours finds. */
async function rivalRate<E>(
  events: readonly E[],
  index: RuleIndex<E>,
  match: JsonRules,
  label: string,
): Promise<number> {
  let seconds = 0;
  for (const event of events) {
    const reader = index.reader(event);
    const began = performance.now();
    const found = await match(reader);
    seconds += (performance.now() - began) / 1000;
    if (found.join() !== index.match(event).join()) throw new Error(`${label}: the engines disagree`);
  }
  return events.length / seconds;
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
