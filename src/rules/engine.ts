import type { AskedKind } from '../model/detector.ts';
import { CONTENT_KINDS, type ConnectionEvent, type HttpEvent } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import type { PacketRateEvent } from '../model/packets.ts';
import type { RuleMatcher } from '../model/rule-matcher.ts';
import { atOnce } from '../net/steps.ts';
import { type ClassRules, showField } from './class-rules.ts';
import type { HttpSide } from './classes/contents.ts';
import { packetRateSubjects } from './classes/packet-rate.ts';
import type { Compiled } from './compile.ts';
import type { Correlations } from './correlate/correlations.ts';
import type { Fired } from './correlate/hit.ts';
import {
  type AllClassRules,
  compileClasses,
  type Prepared,
  planOf,
  prepare,
  type RuleSetOptions,
} from './engine-parts.ts';
import type { FieldValue } from './match/value.ts';
import type { LoadReport } from './report.ts';
import type { RuleEvent } from './rule-event.ts';
import { correlationFinding, ruleFinding } from './rule-finding.ts';

export interface RuleEngineCounters {
  /** Events that some rule was asked about. */
  readonly inspected: number;
  /** Rules that events fulfilled, whatever became of it. */
  readonly matches: number;
  readonly findings: number;
  /** Fulfilled, but only counted. */
  readonly shadowed: number;
}

/** A set of rules at work. */
export interface RuleEngine extends RuleMatcher {
  readonly report: LoadReport;
  readonly counters: RuleEngineCounters;
  readonly correlations: Correlations<RuleEvent>;
  /** How often each rule was fulfilled, by id. */
  matchesByRule(): ReadonlyMap<string, number>;
  /** Whether rules ask for connections that have ended. */
  readonly needsFlows: boolean;
  /** Puts waiting events into their correlations, so that a next engine can take them over. */
  drain(): readonly Finding[];
}

const NOTHING: readonly Finding[] = [];
const RDP_PORT = 3389;

/** Builds the indexes of all event classes. Never throws: what cannot work is in the report. */
export function createRuleEngine(compiled: Compiled, options: RuleSetOptions): RuleEngine {
  return atOnce(ruleEngineSteps(compiled, options));
}

/** The same in small steps. */
export function* ruleEngineSteps(compiled: Compiled, options: RuleSetOptions): Generator<void, RuleEngine> {
  const prepared = yield* prepare(compiled, options);
  const rules = yield* compileClasses(prepared);
  return new Engine(prepared, rules, options);
}

class Engine implements RuleEngine {
  readonly correlations: Correlations<RuleEvent>;
  readonly counters = { inspected: 0, matches: 0, findings: 0, shadowed: 0 };
  readonly #prepared: Prepared;
  readonly #rules: AllClassRules;
  readonly #options: RuleSetOptions;
  readonly #matched: Float64Array;

  constructor(prepared: Prepared, rules: AllClassRules, options: RuleSetOptions) {
    this.#prepared = prepared;
    this.#rules = rules;
    this.#options = options;
    this.#matched = new Float64Array(prepared.documents.length);
    this.correlations = planOf(prepared);
  }

  get report(): LoadReport {
    return this.#prepared.report;
  }

  get asks(): readonly AskedKind[] {
    const { dns, http, grpc, tls, packetRate } = this.#rules;
    const sizes = { dns: dns.size, grpc: grpc.size, tls: tls.size, http: 0, packet_rate: packetRate.size };
    for (const { size } of http.values()) sizes.http += size;
    return ([...CONTENT_KINDS, 'packet_rate'] as const).filter((kind) => sizes[kind] > 0);
  }

  get needsFlows(): boolean {
    return this.#rules.flow.size > 0;
  }

  matchesByRule(): ReadonlyMap<string, number> {
    const counted = this.#prepared.documents.map(
      ({ key }, number) => [key, this.#matched[number] ?? 0] as const,
    );
    return new Map(counted.filter(([, count]) => count > 0));
  }

  inspect(event: RuleEvent, found: readonly Finding[]): readonly Finding[] {
    let findings = this.#inspectEvent(event);
    if (this.#rules.finding.size === 0 || event.kind === 'process') return findings;
    for (const finding of found) {
      const own = this.#ask(this.#rules.finding, { event, finding }, event);
      if (own.length > 0) findings = [...findings, ...own];
    }
    return findings;
  }

  tick(nowMs: number): readonly Finding[] {
    return this.#findingsOf(this.correlations.advance(nowMs));
  }

  finish(nowMs: number): readonly Finding[] {
    return this.#findingsOf(this.correlations.finish(nowMs));
  }

  drain(): readonly Finding[] {
    return this.#findingsOf(this.correlations.drain());
  }

  #inspectEvent(event: RuleEvent): readonly Finding[] {
    switch (event.kind) {
      case 'connection':
        return this.#inspectConnection(event);
      case 'dns':
        return this.#ask(this.#rules.dns, event, event);
      case 'http': {
        const rules = this.#rules.http.get(this.#sideOf(event));
        return rules === undefined ? NOTHING : this.#ask(rules, event, event);
      }
      case 'grpc':
        return this.#ask(this.#rules.grpc, event, event);
      case 'tls':
        return this.#ask(this.#rules.tls, event, event);
      case 'packet_rate':
        return this.#inspectPackets(event);
      case 'probe':
        return NOTHING;
      case 'process':
        return event.action === 'exec' ? this.#ask(this.#rules.process, event, event) : NOTHING;
      default:
        return event satisfies never;
    }
  }

  #inspectConnection(event: ConnectionEvent): readonly Finding[] {
    const { phase, role, transport } = event;
    if (phase === 'closed' || phase === 'failed') return this.#ask(this.#rules.flow, event, event);
    const opens = (phase === 'attempted' && role === 'client') || (phase === 'accepted' && role === 'server');
    if (!opens) return NOTHING;
    const own = this.#ask(this.#rules.connection, event, event);
    const target = role === 'server' ? event.local : event.remote;
    if (transport !== 'tcp' || target.port !== RDP_PORT) return own;
    const rdp = this.#ask(this.#rules.rdp, event, event);
    return rdp.length === 0 ? own : [...own, ...rdp];
  }

  #inspectPackets(event: PacketRateEvent): readonly Finding[] {
    const rules = this.#rules.packetRate;
    if (rules.size === 0) return NOTHING;
    return packetRateSubjects(event).flatMap((subject) => this.#ask(rules, subject, event));
  }

  #sideOf({ role }: HttpEvent): HttpSide {
    return this.#options.viewpoint === 'capture' || role === 'unknown' ? 'both' : role;
  }

  #ask<E>(rules: ClassRules<E>, subject: E, event: RuleEvent): readonly Finding[] {
    if (rules.size === 0) return NOTHING;
    this.counters.inspected += 1;
    const documents = rules.match(subject);
    if (documents.length === 0) return NOTHING;
    const findings: Finding[] = [];
    for (const number of documents) {
      this.#matched[number] = (this.#matched[number] ?? 0) + 1;
      this.counters.matches += 1;
      const finding = this.#findingOf(number, rules, { subject, event });
      if (finding !== undefined) findings.push(finding);
    }
    for (const finding of this.#correlate(rules, { subject, event, documents })) findings.push(finding);
    return findings;
  }

  #findingOf<E>(
    number: number,
    rules: ClassRules<E>,
    { subject, event }: { subject: E; event: RuleEvent },
  ): Finding | undefined {
    const document = this.#prepared.documents[number];
    if (document === undefined || this.#isQuiet(number)) return undefined;
    this.counters.findings += 1;
    const fields = document.meta.fields.flatMap((name) => {
      const value = showField(rules.fieldOf(subject, name));
      return value === undefined ? [] : [[name, value] as const];
    });
    const matched = rules.matchedTests(subject, number);
    return ruleFinding({ document, event, matched, fields, portable: this.#prepared.portable.has(number) });
  }

  #isQuiet(number: number): boolean {
    if (this.#prepared.silent.has(number)) return true;
    if (!this.#prepared.shadow.has(number)) return false;
    this.counters.shadowed += 1;
    return true;
  }

  #correlate<E>(
    rules: ClassRules<E>,
    { subject, event, documents }: { subject: E; event: RuleEvent; documents: readonly number[] },
  ): readonly Finding[] {
    let fields: Map<string, FieldValue> | undefined;
    for (const number of documents) {
      for (const name of this.correlations.fieldsOf(number) ?? NO_FIELDS) {
        fields ??= new Map();
        fields.set(name, rules.fieldOf(subject, name));
      }
    }
    const concerned = documents.filter((number) => this.correlations.fieldsOf(number) !== undefined);
    if (concerned.length === 0) return NOTHING;
    lookUpNow(event);
    const known = fields ?? new Map<string, FieldValue>();
    const hit = { event, source: sourceOf(event), timeMs: event.timeMs, fields: known, documents: concerned };
    return this.#findingsOf(this.correlations.add(hit));
  }

  #findingsOf(fired: readonly Fired<RuleEvent>[]): readonly Finding[] {
    if (fired.length === 0) return NOTHING;
    return fired.flatMap((each) => {
      const document = this.#prepared.documents[each.document];
      this.#matched[each.document] = (this.#matched[each.document] ?? 0) + 1;
      if (document === undefined || this.#isQuiet(each.document)) return [];
      this.counters.findings += 1;
      return [correlationFinding(document, each)];
    });
  }
}

const NO_FIELDS: readonly string[] = [];

/** Process and workload must be asked for while the event is handled; a correlation may tell of it later. */
function lookUpNow(event: RuleEvent): void {
  if (!('remote' in event)) return;
  void event.process;
  void event.workload;
}

/** Keeps the events of one origin in order. */
function sourceOf(event: RuleEvent): number {
  if (event.kind === 'process') return -event.owner.pid;
  return 'remote' in event ? event.socketId : 0;
}
