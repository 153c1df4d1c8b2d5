import { ATTR } from '../../model/attributes.ts';
import type { Attributes, AttributeValue, Finding } from '../../model/finding.ts';
import type { PacketRateEvent } from '../../model/packets.ts';
import { formatIp } from '../../net/ip.ts';
import { isoTime } from '../../net/iso-time.ts';
import { endpointText } from '../../net/packet-attributes.ts';
import type { Anomaly } from './anomaly.ts';
import type { ReportedKind } from './classify.ts';
import type { Rates, Signal } from './options.ts';
import type { Scope } from './scope.ts';

export const DETECTOR = 'packet-rate';

export type Phase = 'start' | 'update' | 'end';
/** `unobserved`: telegen, or the capture, ended first; `accepted`: it lasted so long that it is usual now. */
export type Ending = 'over' | 'accepted' | 'unobserved';

const NAME: Readonly<Record<ReportedKind, string>> = {
  syn_flood: 'SYN flood',
  udp_flood: 'UDP flood',
  icmp_flood: 'ICMP flood',
  tcp_flood: 'TCP flood',
  syn_sweep: 'SYN sweep of many hosts',
  flash_crowd: 'Flash crowd',
  surge: 'Packet rate anomaly',
};
const UNIT: Readonly<Record<Signal, string>> = {
  syn: 'SYN/s',
  udp: 'UDP packets/s',
  icmp: 'ICMP packets/s',
  small: 'small packets/s',
  packets: 'packets/s',
};
/** Nobody has to be woken by visitors. */
const HARMLESS: ReadonlySet<string> = new Set(['flash_crowd', 'surge']);

export interface Report {
  readonly event: PacketRateEvent;
  readonly scope: Scope;
  readonly anomaly: Anomaly;
  readonly rates: Rates;
  readonly phase: Phase;
  readonly ending?: Ending;
}

/** An alert about an anomaly: at its start, while it goes on, at its end. */
export function anomalyFinding(report: Report): Finding {
  const { event, scope, anomaly, phase } = report;
  const { kind } = anomaly.verdict;
  const identity = [event.interface, event.direction, scope.name, anomaly.beganMs, phase, anomaly.updates];
  return {
    detector: DETECTOR,
    eventType: 'packet_rate_anomaly',
    severity: HARMLESS.has(kind) || phase === 'end' ? 'INFO' : 'WARNING',
    gravity: 60,
    body: bodyOf(report),
    reason: kind,
    event,
    alone: true,
    mergeAs: `${DETECTOR} ${identity.join(' ')}`,
    attributes: { ...attributesOf(report), ...placeOf(report) },
  };
}

function bodyOf({ event, scope, anomaly, rates, phase, ending }: Report): string {
  const { signal, baseline, peak, packets, verdict } = anomaly;
  const where = `${event.direction === 'inbound' ? 'on' : 'out of'} ${event.interface}`;
  const what = `${NAME[verdict.kind]} ${where}${scope.service === undefined ? '' : `, ${scope.name}`}`;
  const usual = `${Math.round(baseline)} usual`;
  if (phase === 'start') return `${what}: ${Math.round(rates[signal])} ${UNIT[signal]}, ${usual}`;
  if (phase === 'update') return `${what} goes on: ${Math.round(rates[signal])} ${UNIT[signal]}, ${usual}`;
  const seconds = Math.round(durationMs(anomaly) / 1000);
  const sums = `${Math.round(packets)} packets in ${seconds} s, at most ${Math.round(peak)} ${UNIT[signal]}`;
  return ending === 'over'
    ? `${what} is over: ${sums}`
    : `${what} is no longer followed (${ending}): ${sums}`;
}

function durationMs({ beganMs, lastOverMs }: Anomaly): number {
  return Math.max(0, lastOverMs - beganMs);
}

function attributesOf({ anomaly, rates, phase, ending }: Report): Attributes {
  const { verdict, signal, baseline, threshold, peak, beganMs, lastOverMs } = anomaly;
  const draft: Record<string, AttributeValue> = {
    [ATTR.ratePhase]: phase,
    [ATTR.rateKind]: verdict.kind,
    [ATTR.rateSignal]: signal,
    [ATTR.rateSpread]: verdict.spread,
    [ATTR.ratePerSecond]: round(rates[signal]),
    [ATTR.rateBaseline]: round(baseline),
    [ATTR.rateThreshold]: round(threshold),
    [ATTR.ratePeak]: round(peak),
    [ATTR.firstSeen]: isoTime(beganMs),
    [ATTR.lastSeen]: isoTime(lastOverMs),
  };
  if (verdict.halfOpen !== undefined) draft[ATTR.rateHalfOpen] = round(verdict.halfOpen);
  if (phase === 'start') return draft;
  draft[ATTR.ratePackets] = Math.round(anomaly.packets);
  draft[ATTR.rateBytes] = Math.round(anomaly.bytes);
  draft[ATTR.rateSources] = anomaly.mostSources;
  draft[ATTR.rateTopSources] = anomaly.worst.sources.map(endpointText);
  draft[ATTR.durationMs] = Math.round(durationMs(anomaly));
  if (ending !== undefined) draft[ATTR.rateEnding] = ending;
  return draft;
}

/** Two digits behind the point say enough. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Who and where, under the names that connections have for it. */
function placeOf({ scope, anomaly }: Report): Attributes {
  const draft: Record<string, AttributeValue> = {};
  const { worst } = anomaly;
  const isInbound = worst.direction === 'inbound';
  const { service } = scope;
  if (service !== undefined) {
    draft[ATTR.transport] = service.protocol;
    if (service.port !== 0) draft[isInbound ? ATTR.hostPort : ATTR.peerPort] = service.port;
  }
  const peer = (isInbound ? worst.sources : worst.destinations)[0];
  if (peer !== undefined && anomaly.verdict.spread === 'single_source')
    draft[ATTR.peerIp] = formatIp(peer.ip);
  const target = isInbound ? worst.destinations[0] : worst.sources[0];
  if (target !== undefined) draft[ATTR.hostIp] = formatIp(target.ip);
  return { ...draft, ...anomaly.sender };
}
