import type { IpAddress } from '../../model/ip-address.ts';
import { hashIp, mix32 } from '../../net/hash.ts';
import { ipKey } from '../../net/ip.ts';
import type { Attempt } from './attempt.ts';
import { type Budget, createDistinct, type Distinct } from './distinct.ts';
import type { ScanOptions } from './options.ts';

/** Many sources that share out the ports of one host among them. */
export interface DistributedScan {
  readonly ports: number;
  readonly sources: number;
  readonly portSample: readonly number[];
  readonly sourceSample: readonly IpAddress[];
}

interface Target {
  readonly ports: Distinct;
  readonly sources: Distinct;
  readonly pairs: Distinct;
  readonly portSample: Set<number>;
  readonly sourceSample: Map<string | number, IpAddress>;
  lastMs: number;
  toldPorts: number;
}

/** Hosts that are followed at most; a host of its own has few addresses, a capture may have many. */
const MAX_TARGETS = 2_048;
const PRUNE_EVERY_MS = 10_000;
const NAMED_PORTS = 32;
const NAMED_SOURCES = 16;
/** A flood tries one port per source; whoever shares out ports tries several. */
const PAIRS_PER_SOURCE = 2;

/** Counts what is tried at each host, whoever tries it. */
export class Targets {
  readonly #targets = new Map<string | number, Target>();
  readonly #options: ScanOptions;
  readonly #budget: Budget;
  readonly #counters: { targets: number };
  #prunedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScanOptions, budget: Budget, counters: { targets: number }) {
    this.#options = options;
    this.#budget = budget;
    this.#counters = counters;
  }

  /** Attempts of sources that have been told by themselves do not belong here. */
  add({ target: address, source, port, timeMs }: Attempt): DistributedScan | undefined {
    const target = this.#targetOf(address, timeMs);
    if (target === undefined) return undefined;
    if (timeMs - target.lastMs > this.#options.windowMs) this.#forget(target);
    target.lastMs = Math.max(target.lastMs, timeMs);
    const port32 = mix32(port);
    target.ports.add(port32, timeMs);
    target.sources.add(hashIp(source), timeMs);
    target.pairs.add(hashIp(source, port32), timeMs);
    if (target.portSample.size < NAMED_PORTS) target.portSample.add(port);
    if (target.sourceSample.size < NAMED_SOURCES) target.sourceSample.set(ipKey(source), source);
    return this.#judge(target);
  }

  #judge(target: Target): DistributedScan | undefined {
    const { distributedPorts, distributedSources } = this.#options;
    const ports = target.ports.count;
    const sources = target.sources.count;
    if (ports < distributedPorts || sources < distributedSources) return undefined;
    if (target.pairs.count < PAIRS_PER_SOURCE * sources || ports < target.toldPorts * 10) return undefined;
    target.toldPorts = ports;
    return {
      ports,
      sources,
      portSample: [...target.portSample],
      sourceSample: [...target.sourceSample.values()],
    };
  }

  #targetOf(address: IpAddress, nowMs: number): Target | undefined {
    const key = ipKey(address);
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    if (this.#targets.size >= MAX_TARGETS) this.#prune(nowMs);
    if (this.#targets.size >= MAX_TARGETS) {
      this.#counters.targets += 1;
      return undefined;
    }
    const { windowMs } = this.#options;
    // Judged together, so no count has a threshold of its own.
    const distinct = (): Distinct => createDistinct(Number.POSITIVE_INFINITY, windowMs, this.#budget);
    const target: Target = {
      ports: distinct(),
      sources: distinct(),
      pairs: distinct(),
      portSample: new Set(),
      sourceSample: new Map(),
      lastMs: nowMs,
      toldPorts: 0,
    };
    this.#targets.set(key, target);
    return target;
  }

  #forget(target: Target): void {
    for (const each of [target.ports, target.sources, target.pairs]) each.clear();
    target.portSample.clear();
    target.sourceSample.clear();
    target.toldPorts = 0;
  }

  #prune(nowMs: number): void {
    if (nowMs - this.#prunedMs < PRUNE_EVERY_MS) return;
    this.#prunedMs = nowMs;
    for (const [key, target] of this.#targets) {
      if (nowMs - target.lastMs <= this.#options.windowMs) continue;
      this.#forget(target);
      this.#targets.delete(key);
    }
  }
}
