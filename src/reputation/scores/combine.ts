import type { Score } from '../../model/lookup.ts';
import { ANYBODY, type ScoreRecord } from './record.ts';

/** The score of one record at a time. */
export function scoreAt(
  { score, decays, updatedMs }: ScoreRecord,
  timeMs: number,
  halfLifeMs: number,
): number {
  const age = Math.max(0, timeMs - updatedMs);
  return decays ? score * 0.5 ** (age / halfLifeMs) : score;
}

/**
 * What all agents say of one value, as if each were independent: two of 50 make 75. Undefined when nobody says anything
 * (any more). `lastSeenMs` is that of the newest record.
 */
export function combine(
  records: Iterable<ScoreRecord>,
  timeMs: number,
  halfLifeMs: number,
): Score | undefined {
  const all = [...records];
  const removedMs = all.find(({ agent }) => agent === ANYBODY)?.updatedMs ?? Number.NEGATIVE_INFINITY;
  const said = all.filter(
    ({ removed, updatedMs, expiresMs }) => !removed && updatedMs > removedMs && timeMs < expiresMs,
  );
  const [newest] = said.toSorted((a, b) => b.updatedMs - a.updatedMs);
  if (!newest) return undefined;
  const doubt = said.reduce((left, record) => left * (1 - scoreAt(record, timeMs, halfLifeMs) / 100), 1);
  const reason = said.find((record) => record.reason !== undefined)?.reason;
  return {
    value: newest.value,
    score: Math.round((1 - doubt) * 1000) / 10,
    sources: [...new Set(said.map(({ source }) => source))].toSorted(),
    agents: said.length,
    sightings: said.reduce((sum, { sightings }) => sum + sightings, 0),
    firstSeenMs: Math.min(...said.map(({ firstSeenMs }) => firstSeenMs)),
    lastSeenMs: newest.updatedMs,
    ...(reason === undefined ? {} : { reason }),
  };
}
