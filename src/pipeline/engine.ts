import { findingsToAlert } from '../alerts/combine.ts';
import type { Delivery } from '../alerts/deliver.ts';
import type { Merger } from '../alerts/merge.ts';
import type { DnsNames } from '../enrich/dns-names.ts';
import type { InterfaceFilter } from '../enrich/interfaces.ts';
import type { ProcessTable } from '../enrich/process-table.ts';
import { ATTR } from '../model/attributes.ts';
import type { Detector, JudgedEvent } from '../model/detector.ts';
import type {
  ConnectionEvent,
  ContentEvent,
  LossEvent,
  PacketEvent,
  ProcessEvent,
  TelegenEvent,
} from '../model/event.ts';
import type { Alert, Attributes, Finding } from '../model/finding.ts';
import type { ClusterLookup } from '../model/lookup.ts';
import type { RuleMatcher } from '../model/rule-matcher.ts';
import { type Describe, eventAttributes } from '../net/event-attributes.ts';
import { enriched, enrichedPackets, enrichedProcess } from './enriched.ts';
import type { Notice } from './notices.ts';

export interface EngineParts {
  /** Absent in a replay: a capture knows no processes. */
  readonly processes?: ProcessTable;
  /** Learns from the DNS events that come by. */
  readonly names?: DnsNames;
  /** Absent outside Kubernetes. */
  readonly cluster?: ClusterLookup | undefined;
  readonly detectors: readonly Detector[];
  /** Asked after the detectors; each of its findings is an alert of its own. */
  readonly rules?: RuleMatcher;
  readonly merger: Merger;
  readonly delivery: Delivery;
  readonly interfaces: InterfaceFilter | undefined;
  readonly newUid: () => string;
  /** The event in an alert; default: nothing of headers and bodies. */
  readonly describe?: Describe;
  /** Sees every event after enrichment. */
  readonly onEvent?: (event: TelegenEvent) => void;
  /** Sees the findings of each event, before they are combined. */
  readonly onFindings?: (findings: readonly Finding[]) => void;
  /** A detector broke its contract (it threw); called once per detector. */
  readonly onProblem: (message: string) => void;
}

/** `received === handled + filtered`; detectors' findings on an event make one candidate, each of the rules' another. */
export interface EngineCounters {
  readonly received: number;
  readonly handled: number;
  readonly filtered: number;
  readonly findings: number;
  readonly candidates: number;
  readonly lossReports: number;
  /** What telegen said of itself beside that. */
  readonly notices: number;
}

export interface Engine {
  readonly handle: (event: ConnectionEvent | ContentEvent | ProcessEvent) => void;
  /** Takes windows of packet counts, and probes; of interfaces that are watched. */
  readonly handlePackets: (event: PacketEvent) => void;
  /** Reports that the sensor was blind for a while, in the alert stream itself. */
  readonly reportLoss: (event: LossEvent) => void;
  /** Sends what telegen says of itself. */
  readonly notify: (notice: Notice) => void;
  /** Sends the closing records that are due. */
  tick(nowMs: number): void;
  /** Closes all merge windows. */
  finish(nowMs: number): void;
  readonly counters: EngineCounters;
}

const NONE: readonly Finding[] = [];

/** Order of stages: interface filter, enrichment, detectors, rules, combination, merging, delivery. */
export function createEngine(parts: EngineParts): Engine {
  const { processes, names, merger, delivery, describe = eventAttributes } = parts;
  const enrichment = { processes, names, cluster: parts.cluster };
  const counters = {
    received: 0,
    handled: 0,
    filtered: 0,
    findings: 0,
    candidates: 0,
    lossReports: 0,
    notices: 0,
  };
  const broken = new Set<string>();

  function failed(detector: Detector, error: unknown): void {
    if (!broken.has(detector.name)) parts.onProblem(`detector ${detector.name} failed: ${String(error)}`);
    broken.add(detector.name);
  }

  function inspect(detector: Detector, event: JudgedEvent): Finding | undefined {
    try {
      return detector.inspect(event);
    } catch (error) {
      failed(detector, error);
      return undefined;
    }
  }

  /** What detectors say that is about more than one conversation. */
  function askAll(ask: (detector: Detector) => readonly Finding[] | undefined): readonly Finding[] {
    return parts.detectors.flatMap((detector) => {
      try {
        return ask(detector) ?? NONE;
      } catch (error) {
        failed(detector, error);
        return NONE;
      }
    });
  }

  /** Most events have none: nothing is allocated for them. */
  function findingsOn(event: JudgedEvent): Finding[] | undefined {
    let findings: Finding[] | undefined;
    for (const detector of parts.detectors) {
      const finding = inspect(detector, event);
      if (finding === undefined) continue;
      findings ??= [];
      findings.push(finding);
    }
    return findings;
  }

  function judge(raw: JudgedEvent): void {
    if (parts.interfaces?.allows(raw.local.ip, raw.timeMs) === false) {
      counters.filtered += 1;
      return;
    }
    counters.handled += 1;
    if (raw.kind === 'dns') names?.observe(raw);
    const event = enriched(raw, enrichment);
    parts.onEvent?.(event);
    const findings = findingsOn(event);
    const ruled = inspectRules(event, findings ?? NONE);
    if (findings === undefined && ruled.length === 0) return;
    const describeOnce = once(() => describe(event));
    if (findings !== undefined) offerCombined(findings, describeOnce);
    for (const finding of ruled) offerAlone(finding, finding.event === event ? describeOnce : undefined);
  }

  function askRules(ask: (rules: RuleMatcher) => readonly Finding[]): readonly Finding[] {
    if (parts.rules === undefined) return NONE;
    try {
      return ask(parts.rules);
    } catch (error) {
      return rulesFailed(error);
    }
  }

  /** As `askRules`, without a function made for each event. */
  function inspectRules(event: JudgedEvent, findings: readonly Finding[]): readonly Finding[] {
    if (parts.rules === undefined) return NONE;
    try {
      return parts.rules.inspect(event, findings);
    } catch (error) {
      return rulesFailed(error);
    }
  }

  function rulesFailed(error: unknown): readonly Finding[] {
    if (!broken.has('rules')) parts.onProblem(`rules failed: ${String(error)}`);
    broken.add('rules');
    return NONE;
  }

  function offerAlone(finding: Finding, describeIt = (): Attributes => describe(finding.event)): void {
    offer([finding], describeIt);
  }

  function offerCombined(findings: readonly Finding[], describeIt: () => Attributes): void {
    const together = findings.filter(({ alone }) => !alone);
    if (together.length > 0) offer(together, describeIt);
    for (const finding of findings) if (finding.alone) offerAlone(finding, describeIt);
  }

  function takePackets(raw: PacketEvent): void {
    counters.received += 1;
    counters.handled += 1;
    const event = processes === undefined ? raw : enrichedPackets(raw, processes);
    parts.onEvent?.(event);
    const findings = askAll((detector) => detector.inspectPackets?.(event));
    const ruled = askRules((rules) => rules.inspect(event, findings));
    if (findings.length + ruled.length === 0) return;
    const describeOnce = once(() => describe(event));
    for (const finding of [...findings, ...ruled])
      offerAlone(finding, finding.event === event ? describeOnce : undefined);
  }

  function offer(findings: readonly Finding[], describeIt: () => Attributes): void {
    counters.findings += findings.length;
    parts.onFindings?.(findings);
    const candidate = findingsToAlert(findings, describeIt);
    if (candidate === undefined) return;
    counters.candidates += 1;
    const alert = merger.offer(candidate, candidate.timeMs);
    if (alert !== undefined) delivery.send(alert);
  }

  function takeProcess(raw: ProcessEvent): void {
    counters.handled += 1;
    processes?.observe(raw);
    parts.onEvent?.(raw);
    if (parts.rules === undefined || raw.action !== 'exec') return;
    const event = processes === undefined ? raw : enrichedProcess(raw, processes);
    for (const finding of askRules((rules) => rules.inspect(event, NONE))) offerAlone(finding);
  }

  return {
    counters,
    handle(event) {
      counters.received += 1;
      if (event.kind === 'process') takeProcess(event);
      else judge(event);
    },
    handlePackets: takePackets,
    reportLoss(event) {
      counters.lossReports += 1;
      parts.onEvent?.(event);
      delivery.send(lossAlert(event, parts.newUid()));
    },
    notify(notice) {
      counters.notices += 1;
      delivery.send({ ...notice, uid: parts.newUid() });
    },
    tick(nowMs) {
      for (const finding of askAll((detector) => detector.tick?.(nowMs))) offerAlone(finding);
      for (const finding of askRules((rules) => rules.tick(nowMs))) offerAlone(finding);
      for (const alert of merger.tick(nowMs)) delivery.send(alert);
    },
    finish(nowMs) {
      for (const finding of askAll((detector) => detector.finish?.(nowMs))) offerAlone(finding);
      for (const finding of askRules((rules) => rules.finish(nowMs))) offerAlone(finding);
      for (const alert of merger.flush(nowMs)) delivery.send(alert);
    },
  };
}

/** The same answer each time. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function lossAlert(event: LossEvent, uid: string): Alert {
  const { what, reason, count, timeMs, destination } = event;
  return {
    uid,
    timeMs,
    severity: 'WARNING',
    body:
      destination === undefined
        ? `Sensor lost ${count} ${what} records`
        : `Sensor lost ${count} alerts for ${destination}`,
    attributes: {
      [ATTR.eventType]: 'telegen.loss',
      [ATTR.lossWhat]: what,
      [ATTR.lossReason]: reason,
      ...(destination === undefined ? {} : { [ATTR.lossDestination]: destination }),
      [ATTR.count]: count,
    },
  };
}
