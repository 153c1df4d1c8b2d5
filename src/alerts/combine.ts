import { ATTR } from '../model/attributes.ts';
import type { Alert, Attributes, Finding } from '../model/finding.ts';
import { SEVERITIES } from '../model/finding.ts';
import { mergeKey } from './merge-key.ts';

/** An alert that the merger has not seen yet: it has no uid, and may turn out to be one of many. */
export interface AlertCandidate extends Omit<Alert, 'uid'> {
  /** Alerts of one key are merged; see mergeKey. */
  readonly key: string;
  readonly detector: string;
  /** Gravest first, without repeats. */
  readonly reasons: readonly string[];
}

/** Gravity decides; severity and then the name break ties, so the order of detectors never matters. */
function byGravity(a: Finding, b: Finding): number {
  return (
    b.gravity - a.gravity ||
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    (a.detector < b.detector ? -1 : Number(a.detector > b.detector))
  );
}

function unite(findings: readonly Finding[]): Attributes {
  return Object.assign({}, ...findings.toReversed().map((finding) => finding.attributes));
}

/**
 * One alert from all findings of one event: the gravest gives body, severity and event type, all give reasons and
 * attributes. `attributes` are those of the event itself. Undefined when there is no finding.
 */
export function findingsToAlert(
  findings: readonly Finding[],
  attributes: Attributes,
): AlertCandidate | undefined {
  const sorted = findings.toSorted(byGravity);
  const gravest = sorted[0];
  if (gravest === undefined) return undefined;
  const reasons = [...new Set(sorted.map((finding) => finding.reason))];
  const { detector, eventType, severity, body, event } = gravest;
  const identity = { [ATTR.eventType]: eventType, [ATTR.detector]: detector, [ATTR.reasons]: reasons };
  return {
    key: mergeKey(gravest),
    detector,
    reasons,
    timeMs: event.timeMs,
    severity,
    body,
    // Twice: first for its place on the wire, last because no finding may overwrite it.
    attributes: { ...identity, ...attributes, ...unite(sorted), ...identity },
  };
}
