import { ATTR } from '../model/attributes.ts';
import type { Detector, JudgedEvent } from '../model/detector.ts';
import type { Attributes, Finding } from '../model/finding.ts';
import type { Score, ScoreLookup } from '../model/lookup.ts';
import { observedName } from './observed-name.ts';
import { openingDirection } from './opening.ts';

export interface ReputationOptions {
  /** Scores from here on are findings, 1 to 100. */
  readonly threshold: number;
}

const BODY = {
  outbound: 'Suspicious outbound connection to IP of bad reputation',
  inbound: 'Suspicious inbound connection from IP of bad reputation',
} as const;

/** Connections to or from what agents of the fleet have seen at work, and conversations about such names. */
export function reputation(scores: ScoreLookup, { threshold }: ReputationOptions): Detector {
  const name = 'reputation';
  function judge(event: JudgedEvent): { score: Score | undefined; body: string } | undefined {
    if (event.kind !== 'connection') {
      const asked = observedName(event);
      const score = asked === undefined ? undefined : scores.scoreOfName(asked, event.timeMs);
      return { score, body: 'Conversation about domain of bad reputation' };
    }
    const direction = openingDirection(event);
    return direction && { score: scores.scoreOf(event.remote.ip, event.timeMs), body: BODY[direction] };
  }
  return {
    name,
    inspect(event): Finding | undefined {
      const { score, body = '' } = judge(event) ?? {};
      if (!score || score.score < threshold) return undefined;
      return {
        detector: name,
        eventType: 'suspicious_connection',
        severity: 'WARNING',
        gravity: 70,
        body,
        reason: 'reputation',
        event,
        ...(event.kind === 'connection' ? {} : { subject: score.value }),
        attributes: attributesOf(score),
      };
    },
  };
}

function attributesOf({
  value,
  score,
  sources,
  agents,
  sightings,
  reason,
  firstSeenMs,
  lastSeenMs,
}: Score): Attributes {
  return {
    [ATTR.reputationScore]: score,
    [ATTR.reputationValue]: value,
    [ATTR.reputationSources]: sources,
    [ATTR.reputationAgents]: agents,
    [ATTR.reputationSightings]: sightings,
    ...(reason === undefined ? {} : { [ATTR.reputationReason]: reason }),
    [ATTR.reputationFirstSeen]: new Date(firstSeenMs).toISOString(),
    [ATTR.reputationLastSeen]: new Date(lastSeenMs).toISOString(),
  };
}
