import type { IpAddress } from '../../model/ip-address.ts';
import type { Score, ScoreLookup } from '../../model/lookup.ts';
import { compareIps, ipKey } from '../../net/ip.ts';
import { type AddressRange, parseNetwork } from '../../net/prefix.ts';
import { createRangeFinder, type RangeFinder } from '../../net/range-finder.ts';
import { observedName } from '../lookup.ts';
import { combine } from './combine.ts';
import type { ScoreRecord } from './record.ts';

/** All that is known here, ready for lookups. */
export interface ScoreTable extends ScoreLookup {
  /** Takes a record, unless a newer one of the same agent is there. False when the table is full. */
  apply(record: ScoreRecord): boolean;
  get(value: string, agent: string): ScoreRecord | undefined;
  /** All values that anybody says something of. */
  scores(timeMs: number): readonly Score[];
  /**
   * Steps that find the addresses and networks of at least such a score; runs of them, each in order. What comes or goes in
   * between is or is not among them.
   */
  badRanges(least: number, timeMs: number): Generator<void, readonly AddressRange[][]>;
  records(): Iterable<ScoreRecord>;
  /** Lets go of what has expired. */
  purge(timeMs: number): void;
  size(): number;
  /** Another number whenever records have come or gone. */
  version(): number;
}

export interface ScoreTableOptions {
  readonly halfLifeMs: number;
  /** Values; further ones are refused, so that nobody can push the evidence out. */
  readonly maxValues: number;
  /** Records of one value; an attacker of the store could invent agents. */
  readonly maxAgents?: number;
}

/** Networks around one address that are asked. */
const MAX_NETWORKS = 32;
/** Values that are looked at in one step. */
const STEP = 512;

export function createScoreTable(options: ScoreTableOptions): ScoreTable {
  const { halfLifeMs, maxValues, maxAgents = 1000 } = options;
  const values = new Map<string, Map<string, ScoreRecord>>();
  const singles = new Map<number | string, string>();
  const networks = new Map<string, AddressRange>();
  let order: readonly string[] = [];
  let find: RangeFinder | undefined;
  let version = 0;

  function index(value: string): void {
    const parsed = parseNetwork(value);
    if (!parsed.ok) return;
    if (!value.includes('/') && !value.includes('-')) singles.set(ipKey(parsed.range.first), value);
    else {
      networks.set(value, parsed.range);
      find = undefined;
    }
  }
  function forget(value: string): void {
    values.delete(value);
    version++;
    const parsed = parseNetwork(value);
    if (parsed.ok && singles.get(ipKey(parsed.range.first)) === value)
      singles.delete(ipKey(parsed.range.first));
    if (networks.delete(value)) find = undefined;
  }
  /** Networks change rarely: the search is made when it is asked for. */
  function networksOf(ip: IpAddress): readonly (string | undefined)[] {
    if (networks.size === 0) return [];
    if (!find) {
      order = [...networks.keys()];
      find = createRangeFinder([...networks.values()]);
    }
    return find(ip, MAX_NETWORKS).map((place) => order[place]);
  }
  function scoreOfValue(value: string | undefined, timeMs: number): Score | undefined {
    const records = value === undefined ? undefined : values.get(value);
    return records && combine(records.values(), timeMs, halfLifeMs);
  }
  function apply(record: ScoreRecord): boolean {
    const records = values.get(record.value);
    version++;
    if (!records) {
      if (values.size >= maxValues) return false;
      values.set(record.value, new Map([[record.agent, record]]));
      index(record.value);
      return true;
    }
    const before = records.get(record.agent);
    if (before === undefined && records.size >= maxAgents) return false;
    if (before === undefined || before.updatedMs < record.updatedMs) records.set(record.agent, record);
    return true;
  }
  return {
    apply,
    get: (value, agent) => values.get(value)?.get(agent),
    scoreOf: (ip, timeMs) =>
      networksOf(ip).reduce(
        (best, value) => higher(best, scoreOfValue(value, timeMs)),
        scoreOfValue(singles.get(ipKey(ip)), timeMs),
      ),
    scoreOfName(text, timeMs) {
      let name = values.size === 0 ? undefined : observedName(text);
      let best: Score | undefined;
      while (name !== undefined) {
        best = higher(best, scoreOfValue(name, timeMs));
        const dot = name.indexOf('.');
        name = dot < 0 ? undefined : name.slice(dot + 1);
      }
      return best;
    },
    scores: (timeMs) => [...values.keys()].flatMap((value) => scoreOfValue(value, timeMs) ?? []),
    *badRanges(least, timeMs) {
      const runs: AddressRange[][] = [];
      let run: AddressRange[] = [];
      let looked = 0;
      for (const value of values.keys()) {
        const score = scoreOfValue(value, timeMs)?.score ?? 0;
        const parsed = score >= least ? parseNetwork(value) : undefined;
        if (parsed?.ok) run.push(parsed.range);
        looked++;
        if (looked % STEP !== 0) continue;
        runs.push(inOrder(run));
        run = [];
        yield;
      }
      return [...runs, inOrder(run)];
    },
    *records() {
      for (const records of values.values()) yield* records.values();
    },
    purge(timeMs) {
      for (const [value, records] of values) {
        for (const [agent, { expiresMs }] of records) if (timeMs >= expiresMs) records.delete(agent);
        if (records.size === 0) forget(value);
      }
    },
    size: () => values.size,
    version: () => version,
  };
}

const inOrder = (ranges: AddressRange[]): AddressRange[] =>
  ranges.sort((a, b) => compareIps(a.first, b.first));

function higher(a: Score | undefined, b: Score | undefined): Score | undefined {
  if (!a || !b) return a ?? b;
  return b.score > a.score ? b : a;
}
