import type { ScoreLookup } from '../../model/lookup.ts';
import { type ReportSink, warning } from '../report.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { ANYBODY, keyOf, MANUAL, parseValue, type ScoreRecord } from './record.ts';
import type { Cursor, ReadAll, ScoreStore } from './store.ts';
import { createScoreTable, type ScoreTable } from './table.ts';

export interface ReputationOptions {
  readonly store: ScoreStore;
  /** Name of this agent in the fleet. */
  readonly agent: string;
  readonly onReport: ReportSink;
  readonly halfLifeMs?: number;
  readonly maxValues?: number;
  /** Records that wait to be shared. */
  readonly maxPending?: number;
  /** Between looks at what others say. */
  readonly pollMs?: number;
  readonly now?: () => number;
  readonly breaker?: Breaker;
}

export interface Saying {
  readonly source: string;
  /** 0 to 100. */
  readonly score: number;
  readonly ttlMs: number;
  readonly reason?: string;
}

export interface ReputationCounters {
  readonly values: number;
  readonly pending: number;
  /** Records that were shared, taken over from others, and given up for lack of room. */
  readonly published: number;
  readonly applied: number;
  readonly refused: number;
  readonly failures: number;
  readonly resyncs: number;
  readonly isConnected: boolean;
}

/** What this agent and others know of addresses and names. Lookups are local; sharing goes on behind them. */
export interface Reputation {
  readonly lookup: ScoreLookup;
  readonly table: ScoreTable;
  /** Something bad was seen of the value: counts a sighting and shares it. Never waits. */
  sight(value: string, saying: Saying): void;
  counters(): ReputationCounters;
  /** One round of sharing, for those who do not want to wait for the next. Never rejects. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const PURGE_MS = 60_000;
const DEFAULTS = { halfLifeMs: 86_400_000, maxValues: 100_000, maxPending: 10_000, pollMs: 250 };

/** Starts sharing at once; what the store does not take is kept here and shared when it does again. */
export function startReputation(options: ReputationOptions): Reputation {
  const { store, agent, onReport, now = Date.now, breaker = createBreaker() } = options;
  const { halfLifeMs, maxValues, maxPending, pollMs } = { ...DEFAULTS, ...options };
  const table = createScoreTable({ halfLifeMs, maxValues });
  const counts = { published: 0, applied: 0, refused: 0, failures: 0, resyncs: 0 };
  const pending = new Map<string, ScoreRecord>();
  let cursor: Cursor | undefined;
  let purgedMs = now();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  function apply(record: ScoreRecord): void {
    if (table.apply(record)) counts.applied++;
    else counts.refused++;
  }
  function share(record: ScoreRecord): void {
    const key = keyOf(record);
    if (pending.size >= maxPending && !pending.has(key)) counts.refused++;
    else pending.set(key, record);
  }
  function sight(text: string, { source, score, ttlMs, reason }: Saying): void {
    const parsed = parseValue(text);
    if (!parsed.ok) return;
    const { value } = parsed;
    const before = table.get(value, agent);
    const timeMs = now();
    const isRemoved = (table.get(value, ANYBODY)?.updatedMs ?? 0) >= (before?.updatedMs ?? 0);
    const record: ScoreRecord = {
      value,
      agent,
      updatedMs: Math.max(timeMs, (before?.updatedMs ?? 0) + 1),
      score: Math.max(score, isRemoved ? 0 : (before?.score ?? 0)),
      decays: true,
      source,
      sightings: (before?.sightings ?? 0) + 1,
      firstSeenMs: before?.firstSeenMs ?? timeMs,
      expiresMs: timeMs + ttlMs,
      ...(reason === undefined ? {} : { reason }),
    };
    if (!table.apply(record)) counts.refused++;
    else share(record);
  }
  /** Takes over everything, and shares again what the store has lost of ours. */
  async function resync(): Promise<ReadAll> {
    const all = await store.readAll();
    counts.resyncs++;
    for (const record of all.records) apply(record);
    const there = new Map(all.records.map((record) => [keyOf(record), record.updatedMs]));
    for (const record of table.records()) {
      // What people said has no agent of its own: whoever knows it brings it back.
      const isOurs = [agent, MANUAL, ANYBODY].includes(record.agent);
      if (isOurs && (there.get(keyOf(record)) ?? 0) < record.updatedMs) share(record);
    }
    await store.forget(all.records.filter(({ expiresMs }) => now() >= expiresMs));
    return all;
  }
  async function pull(): Promise<void> {
    const news = cursor === undefined ? 'lost' : await store.changes(cursor);
    if (news === 'lost') {
      cursor = (await resync()).cursor;
      return;
    }
    for (const record of news.records) if (record.agent !== agent) apply(record);
    cursor = news.cursor;
  }
  async function push(): Promise<void> {
    const records = [...pending.values()];
    if (records.length === 0) return;
    await store.write(records);
    counts.published += records.length;
    // What was said meanwhile goes with the next round.
    for (const record of records) if (pending.get(keyOf(record)) === record) pending.delete(keyOf(record));
  }
  async function round(): Promise<void> {
    if (now() - purgedMs >= PURGE_MS) {
      purgedMs = now();
      table.purge(purgedMs);
    }
    if (!breaker.allows(now())) return;
    const wasOpen = breaker.isOpen();
    try {
      await pull();
      await push();
      breaker.succeeded();
      if (wasOpen) onReport({ level: 'info', file: 'reputation', message: 'reputation: shared again' });
    } catch (error) {
      if (!isClosed) fail(error, wasOpen);
    }
  }
  function fail(error: unknown, wasOpen: boolean): void {
    counts.failures++;
    breaker.failed(now());
    if (wasOpen || !breaker.isOpen()) return;
    const reason = error instanceof Error ? error.message : String(error);
    onReport(warning('reputation', `the shared store fails (${reason}); going on with what is known here`));
  }
  function sync(): Promise<void> {
    running ??= round().finally(() => {
      running = undefined;
    });
    return running;
  }
  function loop(): void {
    void sync().then(() => {
      if (!isClosed) timer = setTimeout(loop, pollMs).unref();
    });
  }
  loop();
  return {
    lookup: table,
    table,
    sight,
    sync,
    counters: () => ({
      ...counts,
      values: table.size(),
      pending: pending.size,
      isConnected: cursor !== undefined && !breaker.isOpen(),
    }),
    async close() {
      clearTimeout(timer);
      await sync();
      isClosed = true;
      clearTimeout(timer);
      await store.close();
    },
  };
}
