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

/** Most candidates are merged, and nobody asks for their attributes: they are put together for those that leave. Copy it with `settled`. */
class Candidate implements AlertCandidate {
  readonly key: string;
  readonly detector: string;
  readonly reasons: readonly string[];
  readonly timeMs: number;
  readonly severity: Alert['severity'];
  readonly body: string;
  readonly #eventType: string;
  /** Gravest first. */
  readonly #findings: readonly Finding[];
  readonly #describe: () => Attributes;
  #attributes: Attributes | undefined;

  constructor(gravest: Finding, findings: readonly Finding[], describe: () => Attributes) {
    this.key = mergeKey(gravest);
    this.detector = gravest.detector;
    this.reasons =
      findings.length === 1 ? [gravest.reason] : [...new Set(findings.map((finding) => finding.reason))];
    this.timeMs = gravest.event.timeMs;
    this.severity = gravest.severity;
    this.body = gravest.body;
    this.#eventType = gravest.eventType;
    this.#findings = findings;
    this.#describe = describe;
  }

  get attributes(): Attributes {
    this.#attributes ??= this.#combine();
    return this.#attributes;
  }

  #combine(): Attributes {
    const identity = {
      [ATTR.eventType]: this.#eventType,
      [ATTR.detector]: this.detector,
      [ATTR.reasons]: this.reasons,
    };
    // Twice: first for its place on the wire, last because no finding may overwrite it.
    return { ...identity, ...this.#describe(), ...unite(this.#findings), ...identity };
  }
}

/**
 * One alert from all findings of one event: the gravest gives body, severity and event type, all give reasons and
 * attributes. `describe` gives those of the event itself, when they are asked for. Undefined when there is no finding.
 */
export function findingsToAlert(
  findings: readonly Finding[],
  describe: () => Attributes,
): AlertCandidate | undefined {
  const sorted = findings.length > 1 ? findings.toSorted(byGravity) : findings;
  const [gravest] = sorted;
  return gravest && new Candidate(gravest, sorted, describe);
}

/** As plain data, for whoever keeps or stores it: what it says of its event is settled, and the event itself let go. */
export function settled(candidate: AlertCandidate): AlertCandidate {
  const { key, detector, reasons, timeMs, severity, body, attributes } = candidate;
  return { key, detector, reasons, timeMs, severity, body, attributes };
}
