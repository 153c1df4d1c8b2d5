import type { Finding } from '../../model/finding.ts';
import type { ScoreLookup } from '../../model/lookup.ts';
import { formatIp } from '../../net/ip.ts';
import type { Exemptions } from '../lookup.ts';
import type { Reputation } from './reputation.ts';

/** How much a finding says against its peer. Findings of shared scores are left out, or agents would egg each other on. */
const SCORES: ReadonlyMap<string, number> = new Map([
  ['blocklist', 60],
  ['suspicious-ports', 25],
]);

/** Tells the fleet of findings: of the name that was spoken of, else of the peer. */
export function sightingsOf(
  reputation: Pick<Reputation, 'sight'>,
  exemptions: Exemptions,
  ttlMs: number,
): (findings: readonly Finding[]) => void {
  return (findings) => {
    for (const { detector, event, subject } of findings) {
      const score = SCORES.get(detector);
      if (score === undefined || !('remote' in event)) continue;
      const isExempt =
        subject === undefined ? exemptions.exempts(event.remote.ip) : exemptions.exemptsName(subject);
      if (isExempt) continue;
      reputation.sight(subject ?? formatIp(event.remote.ip), { source: detector, score, ttlMs });
    }
  };
}

/** Scores of what the lists and networks of this host do not exempt. */
export function exempting(scores: ScoreLookup, exemptions: Exemptions): ScoreLookup {
  return {
    scoreOf: (ip, timeMs) => (exemptions.exempts(ip) ? undefined : scores.scoreOf(ip, timeMs)),
    scoreOfName: (name, timeMs) =>
      exemptions.exemptsName(name) ? undefined : scores.scoreOfName(name, timeMs),
  };
}
