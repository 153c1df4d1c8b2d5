import { hashIp, mix32 } from '../../net/hash.ts';
import { ipEquals } from '../../net/ip.ts';
import type { Attempt, Technique } from './attempt.ts';
import { type Budget, createSlowDistinct, type SlowDistinct } from './distinct.ts';
import type { ScanOptions } from './options.ts';
import { type Crossing, Trace, type TraceLimits } from './trace.ts';

/** Whoever tries ports and hosts in vain. */
export interface Actor {
  readonly traces: Map<Technique, Trace>;
  readonly slow: SlowDistinct;
  readonly firstMs: number;
  lastMs: number;
  /** When a scan of it was last told, of whatever shape. */
  toldMs: number;
  /** Up to this count it was told as a slow one. */
  slowTold: number;
}

export interface ActorCounters {
  sources: number;
}

/** First attempts that wait for a second one of their source; a slot holds the latest. */
const FIRSTS = 16_384;
const PRUNE_EVERY_MS = 10_000;
/** Ports by which scanners look whether a host is there, beside echo requests. */
const DISCOVERY_PORTS: ReadonlySet<number> = new Set([80, 443]);

/** All actors of one direction, at most `maxTracked`: further ones are refused, so that none can push another out. */
export class Actors {
  readonly #actors = new Map<string | number, Actor>();
  /** Whoever tries one thing only, as the forged sources of floods do, takes no room but here. */
  readonly #firsts: (Attempt | undefined)[] = Array.from({ length: FIRSTS }, () => undefined);
  readonly #options: ScanOptions;
  readonly #limits: TraceLimits;
  readonly #budget: Budget;
  readonly #counters: ActorCounters;
  #prunedMs = Number.NEGATIVE_INFINITY;

  constructor(
    options: ScanOptions,
    { limits, budget, counters }: { limits: TraceLimits; budget: Budget; counters: ActorCounters },
  ) {
    this.#options = options;
    this.#limits = limits;
    this.#budget = budget;
    this.#counters = counters;
  }

  /** The actor of an attempt; undefined for its first one, and where there is no room. */
  of(attempt: Attempt): Actor | undefined {
    const { actor: key, timeMs } = attempt;
    const known = this.#actors.get(key);
    if (known !== undefined) return known;
    const first = this.#firstOf(attempt);
    if (first === undefined) return undefined;
    if (this.#actors.size >= this.#options.maxTracked) this.#prune(timeMs);
    if (this.#actors.size >= this.#options.maxTracked) {
      this.#counters.sources += 1;
      return undefined;
    }
    const actor: Actor = {
      traces: new Map(),
      slow: createSlowDistinct(this.#options.slowWindowMs, timeMs),
      firstMs: timeMs,
      lastMs: timeMs,
      toldMs: Number.NEGATIVE_INFINITY,
      slowTold: 0,
    };
    this.#actors.set(key, actor);
    this.add(actor, first);
    return actor;
  }

  /** Adds an attempt to what is known of its actor. */
  add(actor: Actor, attempt: Attempt): Crossing | undefined {
    const { technique, target, port, timeMs } = attempt;
    actor.lastMs = Math.max(actor.lastMs, timeMs);
    actor.slow.add(hashIp(target, mix32(port)), timeMs);
    let trace = actor.traces.get(technique);
    if (trace === undefined) {
      trace = new Trace(this.#limits, this.#budget);
      actor.traces.set(technique, trace);
    }
    const crossing = trace.add(attempt);
    if (crossing === undefined || isPartOfDiscovery(actor, attempt, crossing)) return undefined;
    return crossing;
  }

  /** The count of a scan that is too slow for any window, where it is to be told now. */
  slowScan(actor: Actor, { timeMs }: Attempt): number | undefined {
    const { slowTargets, slowWindowMs } = this.#options;
    // What was told lately is not slow.
    if (timeMs - actor.toldMs <= slowWindowMs) return undefined;
    const count = actor.slow.count();
    if (count < slowTargets) {
      actor.slowTold = 0;
      return undefined;
    }
    if (actor.slowTold > 0 && count < actor.slowTold * 10) return undefined;
    actor.slowTold = count;
    return count;
  }

  get size(): number {
    return this.#actors.size;
  }

  /** What its source tried before, when that was something else; else this one waits for the next. */
  #firstOf(attempt: Attempt): Attempt | undefined {
    const { actor, target, port, technique } = attempt;
    const slot = (typeof actor === 'number' ? mix32(actor) : hashText(actor)) & (FIRSTS - 1);
    const first = this.#firsts[slot];
    if (first === undefined || first.actor !== actor) {
      this.#firsts[slot] = attempt;
      return undefined;
    }
    if (first.port === port && first.technique === technique && ipEquals(first.target, target))
      return undefined;
    this.#firsts[slot] = undefined;
    return first;
  }

  #prune(nowMs: number): void {
    if (nowMs - this.#prunedMs < PRUNE_EVERY_MS) return;
    this.#prunedMs = nowMs;
    for (const [key, actor] of this.#actors) {
      const isSlow = actor.slow.count() >= this.#options.slowTargets / 10;
      const keepMs = isSlow ? this.#options.slowWindowMs : this.#options.windowMs;
      if (nowMs - actor.lastMs <= keepMs) continue;
      for (const trace of actor.traces.values()) trace.clear();
      this.#actors.delete(key);
    }
  }
}

/** Looking whether hosts are there takes echo requests and SYN at once: one sweep. */
function isPartOfDiscovery(
  { traces }: Actor,
  { technique, port, timeMs }: Attempt,
  { shape }: Crossing,
): boolean {
  if (shape !== 'horizontal') return false;
  if (technique === 'tcp' && DISCOVERY_PORTS.has(port))
    return traces.get('icmp_echo')?.isTold(shape, timeMs) === true;
  return technique === 'icmp_echo' && traces.get('tcp')?.isTold(shape, timeMs) === true;
}

function hashText(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at);
  return mix32(hash | 0);
}
