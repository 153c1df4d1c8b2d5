import type { Score } from '../../model/lookup.ts';

/** The documented form: exactly these keys, in this order. */
export function scoreJson({ value, score, sources, agents, sightings, reason, ...seen }: Score): object {
  const [first, last] = [seen.firstSeenMs, seen.lastSeenMs].map((ms) => new Date(ms).toISOString());
  return {
    value,
    score,
    sources,
    agents,
    sightings,
    first_seen: first,
    last_seen: last,
    reason: reason ?? null,
  };
}

/** One line, without its end. */
export function scoreText({ value, score, sources, agents, sightings, lastSeenMs, reason }: Score): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const seen = `${sightings} sightings by ${agents} (${sources.join(', ')}), last ${new Date(lastSeenMs).toISOString()}`;
  return `${value}  ${score}  ${seen}${why}`;
}
