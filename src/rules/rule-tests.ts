import type { Compiled, CompiledDocument } from './compile.ts';
import { createGenericEngine } from './generic-engine.ts';
import type { GenericEvent } from './generic-events.ts';
import type { Logsource } from './syntax/logsource.ts';
import { childOf, plainOf, textOf, type YamlNode } from './syntax/node.ts';
import { quoted } from './syntax/problem.ts';

/** A test at the foot of a rule: events, and whether the rule must answer to them. */
export interface RuleTest {
  readonly name: string;
  readonly match: boolean;
  readonly events: readonly TestEvent[];
  readonly offset: number;
}

interface TestEvent {
  /** Seconds after the test began. */
  readonly at: number;
  readonly logsource: Logsource | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RuleTestResult {
  readonly document: CompiledDocument;
  readonly name: string;
  readonly offset: number;
  readonly ok: boolean;
  /** What is wrong, when it is. */
  readonly problem: string | undefined;
}

/** Events that one test may make with `repeat`. */
const MAX_EVENTS = 10_000;
/** When tests begin: a Monday, 12:00 UTC. */
const BEGIN_MS = Date.UTC(2026, 0, 5, 12);

/** Runs the tests of every document. A rule without a positive and a negative test earns a result that says so. */
export function runRuleTests(compiled: Compiled): readonly RuleTestResult[] {
  return compiled.documents.flatMap((document) => {
    if (document.kind === 'refused') return [fail(document, 'loads', document.offset, document.reason)];
    const parsed = parseTests(document.tests);
    if (typeof parsed === 'string') return [fail(document, 'tests', document.offset, parsed)];
    const results = parsed.map((test) => runTest(compiled, document, test));
    const lacking = [true, false].filter((wanted) => !parsed.some(({ match }) => match === wanted));
    return [
      ...results,
      ...lacking.map((wanted) =>
        fail(document, 'tests', document.offset, `there is no test with match: ${wanted}`),
      ),
    ];
  });
}

function fail(document: CompiledDocument, name: string, offset: number, problem: string): RuleTestResult {
  return { document, name, offset, ok: false, problem };
}

function runTest(compiled: Compiled, document: CompiledDocument, test: RuleTest): RuleTestResult {
  const { name, offset, match, events } = test;
  // Correlations need the rules that they build on; a rule is tried alone.
  const documents = document.kind === 'correlation' ? compiled.documents : [document];
  const engine = createGenericEngine({ documents });
  let fired = false;
  for (const { at, logsource, fields } of events) {
    const source = logsource ?? logsourceOf(document, compiled);
    if (source === undefined)
      return fail(document, name, offset, 'the events of this test need a "logsource"');
    const event: GenericEvent = { logsource: source, fields };
    fired = engine.match(event, BEGIN_MS + at * 1000).includes(document) || fired;
  }
  fired = engine.finish().includes(document) || fired;
  if (fired === match) return { document, name, offset, ok: true, problem: undefined };
  return fail(
    document,
    name,
    offset,
    match ? 'the rule must match and does not' : 'the rule matches and must not',
  );
}

/** That of the rule, or the one that all rules of a correlation share. */
function logsourceOf(document: CompiledDocument, { documents }: Compiled): Logsource | undefined {
  if (document.kind === 'rule') return document.logsource;
  if (document.kind !== 'correlation') return undefined;
  const { rules } = document.document.correlation;
  const inputs = documents.filter(({ meta }) => rules.some((name) => name === meta.id || name === meta.name));
  const sources = inputs.map((input) => logsourceOf(input, { documents, filters: [], fileProblems: [] }));
  const unique = new Set(sources.map((source) => JSON.stringify(source)));
  return unique.size === 1 ? sources[0] : undefined;
}

/** Reads `tests`; a text says what is wrong with them. */
export function parseTests(node: YamlNode | undefined): readonly RuleTest[] | string {
  if (node === undefined) return [];
  if (node.kind !== 'seq') return '"tests" must be a list';
  const tests: RuleTest[] = [];
  for (const each of node.items) {
    const name = textOf(childOf(each, 'name'));
    const match = childOf(each, 'match');
    if (name === undefined) return 'every test needs a "name"';
    if (match?.kind !== 'scalar' || typeof match.value !== 'boolean')
      return `the test ${quoted(name)} needs "match": true or false`;
    const events = readEvents(each);
    if (typeof events === 'string') return `the test ${quoted(name)}: ${events}`;
    tests.push({ name, match: match.value, events, offset: each.offset });
  }
  return tests;
}

/** `fields` of one event, or `events`: each with fields, and at, repeat, every (seconds), logsource. */
function readEvents(test: YamlNode): readonly TestEvent[] | string {
  const single = childOf(test, 'fields');
  const list = childOf(test, 'events');
  if (single !== undefined) {
    const fields = plainOf(single);
    return isRecord(fields) ? [{ at: 0, logsource: undefined, fields }] : '"fields" must be a mapping';
  }
  if (list?.kind !== 'seq') return 'give "fields" of one event, or a list of "events"';
  const events: TestEvent[] = [];
  let at = 0;
  for (const item of list.items) {
    const { fields, logsource, ...times } = plainRecord(item);
    if (!isRecord(fields)) return 'every event needs "fields"';
    const number = (value: unknown, fallback: number): number =>
      typeof value === 'number' ? value : fallback;
    at = number(times.at, at);
    const repeat = Math.min(MAX_EVENTS, number(times.repeat, 1));
    for (let n = 0; n < repeat; n++) {
      if (events.length >= MAX_EVENTS) return `more than ${MAX_EVENTS} events`;
      events.push({
        at,
        logsource: isRecord(logsource) ? (logsource as Logsource) : undefined,
        fields: numbered(fields, n),
      });
      at += number(times.every, 0);
    }
  }
  return events;
}

/** `{n}` in a text is the number of the repetition. */
function numbered(fields: Readonly<Record<string, unknown>>, n: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll('{n}', String(n)) : value,
    ]),
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function plainRecord(node: YamlNode): Readonly<Record<string, unknown>> {
  const value = plainOf(node);
  return isRecord(value) ? value : {};
}
