import type { Detector, JudgedEvent } from '../../model/detector.ts';
import type { ConnectionEvent } from '../../model/event.ts';
import type { Finding } from '../../model/finding.ts';
import { compileGlob } from '../../net/glob.ts';
import { type PrefixSet, parsePrefixSet } from '../../net/prefix-set.ts';
import { Actors } from './actors.ts';
import { type Attempt, attemptOfConnection, attemptOfProbe, isPointless } from './attempt.ts';
import type { Budget } from './distinct.ts';
import { DETECTOR, distributedFinding, scanFinding, slowFinding, stormFinding } from './finding.ts';
import type { ScanOptions } from './options.ts';
import { Storms } from './storms.ts';
import { createSuccessRates } from './success.ts';
import { Targets } from './targets.ts';

/** Things that are remembered one by one, all in all: about 50 bytes each. */
const MAX_ENTRIES = 500_000;

/**
 * Scans and sweeps: whoever asks many ports or hosts in vain, from outside (probes) or out of this host (failed
 * connections, by program), fast, slow, or with the help of others. Connects that are refused again and again, too. What
 * finds no room is refused and counted: nobody can push a scanner out. Throws TELEGEN_CONFIG for a source that cannot be read.
 */
export function scan(options: ScanOptions, internalNetworks: readonly string[]): Detector {
  const scans = new Scans(options, parsePrefixSet(internalNetworks, 'security.internal_networks'));
  return {
    name: DETECTOR,
    asks: ['probe'],
    phases: ['failed'],
    get counters() {
      return scans.counters;
    },
    inspect: (event) => scans.connection(event),
    inspectPackets: (event) => {
      const found = event.kind === 'probe' ? scans.judge(attemptOfProbe(event)) : undefined;
      return found === undefined ? NOTHING : [found];
    },
  };
}

const NOTHING: readonly Finding[] = [];

class Scans {
  readonly #refused = { sources: 0, targets: 0, storms: 0 };
  readonly #options: ScanOptions;
  readonly #internal: PrefixSet;
  readonly #budget: Budget;
  readonly #inbound: Actors;
  readonly #outbound: Actors;
  readonly #targets: Targets;
  readonly #storms: Storms;
  readonly #success;
  readonly #ignoredUdp: ReadonlySet<number>;
  readonly #ignoredSources;
  readonly #ignoredPrograms: readonly ((path: string) => boolean)[];

  constructor(options: ScanOptions, internal: PrefixSet) {
    this.#internal = internal;
    const { windowMs, stealthProbes, slowWindowMs, maxTracked } = options;
    const budget: Budget = { left: MAX_ENTRIES, refused: 0 };
    const counters = this.#refused;
    this.#budget = budget;
    this.#options = options;
    const limits = (ports: number, hosts: number) => ({ windowMs, stealthProbes, ports, hosts });
    const inbound = limits(options.inboundPorts, options.inboundHosts);
    const outbound = limits(options.outboundPorts, options.outboundHosts);
    this.#inbound = new Actors(options, { limits: inbound, budget, counters });
    this.#outbound = new Actors(options, { limits: outbound, budget, counters });
    this.#targets = new Targets(options, budget, counters);
    this.#storms = new Storms(options, counters);
    this.#success = createSuccessRates(slowWindowMs, maxTracked);
    this.#ignoredUdp = new Set(options.ignoreUdpPorts);
    this.#ignoredSources = parsePrefixSet(options.ignoreSources, 'security.scan.ignore_sources');
    this.#ignoredPrograms = options.ignoreProcesses.map(compileGlob);
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#refused, keys: this.#budget.refused };
  }

  connection(event: JudgedEvent): Finding | undefined {
    if (event.kind !== 'connection') return undefined;
    if (event.phase === 'attempted') {
      if (event.role === 'client') this.#success.attempted(event);
      return undefined;
    }
    if (event.phase !== 'failed' && event.phase !== 'closed') return undefined;
    return this.judge(attemptOfConnection(event));
  }

  judge(attempt: Attempt | undefined): Finding | undefined {
    if (attempt === undefined || isPointless(attempt, this.#ignoredUdp) || this.#isAllowed(attempt))
      return undefined;
    const { event } = attempt;
    if (event.kind === 'probe') return this.#judgeInbound(attempt);
    this.#success.failed(event);
    const found = this.#isToldByProbes(attempt, event) ? undefined : this.#judgeOutbound(attempt, event);
    return found ?? this.#judgeStorm(attempt, event);
  }

  #judgeInbound(attempt: Attempt): Finding | undefined {
    const actor = this.#inbound.of(attempt);
    if (actor !== undefined) {
      const crossing = this.#inbound.add(actor, attempt);
      if (crossing !== undefined) {
        actor.toldMs = attempt.timeMs;
        return scanFinding(attempt, crossing);
      }
      const slow = this.#inbound.slowScan(actor, attempt);
      if (slow !== undefined) return slowFinding(attempt, slow, actor.firstMs);
      if (attempt.timeMs - actor.toldMs <= this.#options.windowMs) return undefined;
    }
    if (attempt.port === 0) return undefined;
    const distributed = this.#targets.add(attempt);
    return distributed === undefined ? undefined : distributedFinding(attempt, distributed);
  }

  #judgeOutbound(attempt: Attempt, event: ConnectionEvent): Finding | undefined {
    const actor = this.#outbound.of(attempt);
    if (actor === undefined) return undefined;
    const crossing = this.#outbound.add(actor, attempt);
    if (crossing !== undefined && (crossing.shape === 'vertical' || this.#success.mostlyFails(event))) {
      actor.toldMs = attempt.timeMs;
      return scanFinding(attempt, crossing);
    }
    if (!this.#success.mostlyFails(event)) return undefined;
    const slow = this.#outbound.slowScan(actor, attempt);
    return slow === undefined ? undefined : slowFinding(attempt, slow, actor.firstMs);
  }

  /** In a capture, whatever does not go out is told by probes. */
  #isToldByProbes({ source, target }: Attempt, { owner }: ConnectionEvent): boolean {
    return owner === undefined && !(this.#internal.has(source) && !this.#internal.has(target));
  }

  /** Who gives up by himself was not refused. */
  #judgeStorm(attempt: Attempt, { reason, transport }: ConnectionEvent): Finding | undefined {
    if (transport !== 'tcp' || reason === 'aborted' || !this.#storms.add(attempt)) return undefined;
    return stormFinding(attempt, this.#options.stormAttempts, this.#options.stormWindowMs);
  }

  #isAllowed({ event, source }: Attempt): boolean {
    if (this.#ignoredSources.has(source)) return true;
    const path = event.kind === 'connection' ? event.process?.executablePath : undefined;
    return path !== undefined && this.#ignoredPrograms.some((matches) => matches(path));
  }
}
