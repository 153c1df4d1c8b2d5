import type { IpAddress } from '../../model/ip-address.ts';
import { hashIp, mix32 } from '../../net/hash.ts';
import { ipKey } from '../../net/ip.ts';
import type { Attempt } from './attempt.ts';
import { type Budget, createDistinct, type Distinct } from './distinct.ts';

/** `vertical`: many ports of a host; `horizontal`: many hosts; `stealth`: odd flags, wherever they go. */
export type Shape = 'vertical' | 'horizontal' | 'stealth';

/** A threshold that was crossed. */
export interface Crossing {
  readonly shape: Shape;
  readonly ports: readonly number[];
  readonly targets: readonly IpAddress[];
  /** Different ports, hosts or probes in the window. */
  readonly count: number;
}

export interface TraceLimits {
  readonly windowMs: number;
  readonly ports: number;
  readonly hosts: number;
  readonly stealthProbes: number;
}

/** Hosts, and ports, that are counted apart for one source; those met once make room for others. */
const MAX_KEYS = 128;
/** What a host or port costs beside what is counted for it, in entries of the budget. */
const GROUP_COST = 6;
const NAMED_PORTS = 32;
const NAMED_TARGETS = 16;
/** Hosts of which so many ports were tried are scanned, not swept. */
const SCANNED_PORTS = 5;

interface Group<T> {
  readonly distinct: Distinct;
  /** The first few, for the alert. */
  readonly sample: T[];
}

/** What one source tried in vain by one technique. */
export class Trace {
  readonly #limits: TraceLimits;
  readonly #budget: Budget;
  readonly #byHost = new Map<string | number, Group<number>>();
  readonly #byPort = new Map<number, Group<IpAddress>>();
  readonly #all: Group<IpAddress>;
  readonly #told = new Map<Shape, { pairs: number; atMs: number }>();

  constructor(limits: TraceLimits, budget: Budget) {
    this.#limits = limits;
    this.#budget = budget;
    this.#all = this.#group(limits.stealthProbes);
  }

  /** Whether this shape was told and the like has gone on since. */
  isTold(shape: Shape, nowMs: number): boolean {
    const told = this.#told.get(shape);
    return told !== undefined && nowMs - told.atMs <= this.#limits.windowMs;
  }

  get lastMs(): number {
    return this.#all.distinct.lastMs;
  }

  /** Thresholds that this attempt crosses; each scan crosses one once, and again at ten times as many. */
  add(attempt: Attempt): Crossing | undefined {
    const { technique, target, port, timeMs } = attempt;
    if (timeMs - this.lastMs > this.#limits.windowMs) this.#told.clear();
    const stealth = this.#addAll(attempt);
    if (technique === 'null' || technique === 'fin' || technique === 'xmas')
      return stealth === undefined ? undefined : this.#tell('stealth', stealth, attempt);
    if (technique === 'icmp_echo') return this.#addHost(attempt);
    const ports = this.#groupOf(this.#byHost, ipKey(target), this.#limits.ports);
    const crossed = ports && this.#count(ports, { hash: mix32(port), item: port, most: NAMED_PORTS }, timeMs);
    const vertical = crossed === undefined ? undefined : this.#tell('vertical', crossed, attempt);
    return vertical ?? this.#addHost(attempt);
  }

  clear(): void {
    for (const group of [...this.#byHost.values(), ...this.#byPort.values(), this.#all])
      group.distinct.clear();
    this.#byHost.clear();
    this.#byPort.clear();
  }

  #addAll({ target, port, timeMs }: Attempt): number | undefined {
    const item = { hash: hashIp(target, mix32(port)), item: target, most: NAMED_TARGETS };
    return this.#count(this.#all, item, timeMs);
  }

  #addHost(attempt: Attempt): Crossing | undefined {
    const { target, port, timeMs } = attempt;
    const hosts = this.#groupOf(this.#byPort, port, this.#limits.hosts);
    const crossed =
      hosts && this.#count(hosts, { hash: hashIp(target), item: target, most: NAMED_TARGETS }, timeMs);
    return crossed === undefined ? undefined : this.#tell('horizontal', crossed, attempt);
  }

  #count<T>(
    { distinct, sample }: Group<T>,
    { hash, item, most }: { hash: number; item: T; most: number },
    nowMs: number,
  ): number | undefined {
    const before = distinct.count;
    const crossed = distinct.add(hash, nowMs);
    if (distinct.count <= 1) sample.length = 0;
    if (distinct.count !== before && sample.length < most) sample.push(item);
    return crossed;
  }

  /** One scan may cross thresholds host by host, and of both shapes: it is told once, until it is ten times as large. */
  #tell(shape: Shape, count: number, attempt: Attempt): Crossing | undefined {
    const { timeMs } = attempt;
    const pairs = this.#all.distinct.count;
    const other: Shape = shape === 'vertical' ? 'horizontal' : 'vertical';
    const before = this.#told.get(shape) ?? (this.#isBlock() ? this.#told.get(other) : undefined);
    if (before !== undefined) {
      before.atMs = timeMs;
      if (pairs < before.pairs * 10) return undefined;
    }
    this.#told.set(shape, { pairs, atMs: timeMs });
    return { shape, count, ...this.#evidence(shape, attempt) };
  }

  #evidence(shape: Shape, { target, port }: Attempt): Pick<Crossing, 'ports' | 'targets'> {
    if (shape === 'vertical')
      return { ports: this.#byHost.get(ipKey(target))?.sample.slice() ?? [], targets: [target] };
    if (shape === 'stealth') return { ports: [], targets: unique(this.#all.sample) };
    return { ports: port === 0 ? [] : [port], targets: this.#byPort.get(port)?.sample.slice() ?? [] };
  }

  /** Many ports of many hosts: most hosts have seen several. */
  #isBlock(): boolean {
    const groups = [...this.#byHost.values()];
    return groups.filter(({ distinct }) => distinct.count >= SCANNED_PORTS).length * 2 >= groups.length;
  }

  #groupOf<K, T>(groups: Map<K, Group<T>>, key: K, threshold: number): Group<T> | undefined {
    const known = groups.get(key);
    if (known !== undefined) return known;
    if (groups.size >= MAX_KEYS) this.#prune(groups);
    if (groups.size >= MAX_KEYS || this.#budget.left < GROUP_COST) {
      this.#budget.refused += 1;
      return undefined;
    }
    this.#budget.left -= GROUP_COST;
    const group = this.#group<T>(threshold);
    groups.set(key, group);
    return group;
  }

  #prune<K, T>(groups: Map<K, Group<T>>): void {
    for (const [key, { distinct }] of groups) {
      const isOld = this.lastMs - distinct.lastMs > this.#limits.windowMs;
      if (!isOld && distinct.count > 1) continue;
      distinct.clear();
      this.#budget.left += GROUP_COST;
      groups.delete(key);
    }
  }

  #group<T>(threshold: number): Group<T> {
    return { distinct: createDistinct(threshold, this.#limits.windowMs, this.#budget), sample: [] };
  }
}

function unique(addresses: readonly IpAddress[]): readonly IpAddress[] {
  return [...new Map(addresses.map((each) => [ipKey(each), each])).values()];
}
