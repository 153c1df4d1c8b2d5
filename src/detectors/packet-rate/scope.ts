import type { PacketRateEvent, ServiceCounts } from '../../model/packets.ts';
import type { Anomaly } from './anomaly.ts';
import {
  accept,
  type Baseline,
  createBaseline,
  learn,
  learnSilence,
  type Sensitivity,
  thresholdOf,
} from './baseline.ts';
import type { PacketRateOptions, Rates, Signal } from './options.ts';
import { SIGNALS } from './options.ts';
import { signalsOf, type Traffic } from './rates.ts';

/** What is watched as one: a service of an interface and direction, or all of it. */
export interface Scope {
  /** `tcp/80`, or `all`. */
  readonly name: string;
  readonly service: Pick<ServiceCounts, 'protocol' | 'port'> | undefined;
  readonly signals: readonly Signal[];
  readonly baselines: ReadonlyMap<Signal, Baseline>;
  lastMs: number;
  /** Since when its rates have stood out without a break; undefined while they do not. */
  suspectMs: number | undefined;
  /** What came in that time. */
  readonly suspected: { packets: number; bytes: number };
  anomaly: Anomaly | undefined;
}

export function createScope(
  service: Scope['service'],
  { windows, timeMs }: { windows: number; timeMs: number },
): Scope {
  const signals = service === undefined ? SIGNALS : signalsOf(service.protocol);
  return {
    name: service === undefined ? 'all' : `${service.protocol}/${service.port}`,
    service,
    signals,
    baselines: new Map(signals.map((signal) => [signal, createBaseline(windows)])),
    lastMs: timeMs,
    suspectMs: undefined,
    suspected: { packets: 0, bytes: 0 },
    anomaly: undefined,
  };
}

export function sensitivityOf({ ratio, deviations, halfLifeMs }: PacketRateOptions): Sensitivity {
  return { ratio, deviations, halfLifeWindows: halfLifeMs / 1000 };
}

export interface Look {
  /** Signals that stand out, the gravest first. */
  readonly over: readonly Signal[];
  readonly thresholds: Rates;
  /** Beyond the baseline. */
  readonly excess: Rates;
  /** The excess is worth a look by itself, though it may not stand out. */
  readonly isLarge: boolean;
}

/** Compares rates with what is usual; learns nothing. */
export function look(
  scope: Scope,
  rates: Rates,
  { floors }: PacketRateOptions,
  sensitivity: Sensitivity,
): Look {
  const over: Signal[] = [];
  let isLarge = false;
  const thresholds = { packets: 0, syn: 0, udp: 0, icmp: 0, small: 0 };
  const excess = { packets: 0, syn: 0, udp: 0, icmp: 0, small: 0 };
  for (const signal of scope.signals) {
    const baseline = scope.baselines.get(signal) as Baseline;
    thresholds[signal] = thresholdOf(baseline, floors[signal], sensitivity);
    excess[signal] = Math.max(0, rates[signal] - baseline.level);
    if (rates[signal] >= thresholds[signal]) over.push(signal);
    if (excess[signal] >= floors[signal] / 2) isLarge = true;
  }
  return { over, thresholds, excess: withImplied(scope, rates, excess), isLarge };
}

/** A service of datagrams is watched by one signal; its packets, and its share of small ones, go with it. */
function withImplied({ service }: Scope, rates: Rates, excess: Rates): Rates {
  if (service === undefined) return excess;
  const packets = Math.max(excess.packets, excess.udp, excess.icmp);
  return { ...excess, packets, small: rates.packets === 0 ? 0 : (packets * rates.small) / rates.packets };
}

/** Keeps since when the rates have stood out. */
export function noteSuspicion(scope: Scope, isOver: boolean, { timeMs, intervalMs }: PacketRateEvent): void {
  if (!isOver) scope.suspectMs = undefined;
  if (!isOver || scope.suspectMs !== undefined) return;
  scope.suspectMs = timeMs - intervalMs;
  scope.suspected.packets = scope.suspected.bytes = 0;
}

/** Keeps what came before it was clear that it is to be told. */
export function addSuspected(
  { suspected }: Scope,
  { rates, bytes }: Traffic,
  { intervalMs }: PacketRateEvent,
): void {
  suspected.packets += (rates.packets * intervalMs) / 1_000;
  suspected.bytes += (bytes * intervalMs) / 1_000;
}

/** Takes a window into the baselines, `silent` windows without any packet before it. */
export function learnWindow(
  scope: Scope,
  rates: Rates,
  { silent, thresholds, sensitivity }: { silent: number; thresholds: Rates; sensitivity: Sensitivity },
): void {
  const { halfLifeWindows } = sensitivity;
  for (const signal of scope.signals) {
    const baseline = scope.baselines.get(signal) as Baseline;
    learnSilence(baseline, silent, halfLifeWindows);
    learn(baseline, rates[signal], { cap: thresholds[signal], halfLifeWindows });
  }
}

/** What the rates of a service have been of late is usual from now on; the interface as a whole takes its share over. */
export function acceptRecent(scope: Scope, { recent }: Anomaly, whole: Scope): void {
  const packets = recent.get('packets')?.level ?? 0;
  const usual = Math.max(...[...scope.baselines.values()].map(({ level }) => level));
  const grown = packets === 0 ? 0 : Math.max(0, 1 - usual / packets);
  for (const [signal, baseline] of scope.baselines) accept(baseline, recent.get(signal));
  if (scope === whole) return;
  for (const [signal, baseline] of whole.baselines)
    baseline.level += grown * (recent.get(signal)?.level ?? 0);
}
