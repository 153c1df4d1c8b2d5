import { ATTR } from '../model/attributes.ts';
import type { Alert, Severity } from '../model/finding.ts';
import { SEVERITIES } from '../model/finding.ts';

/** Which alerts a destination wants. Empty lists mean all. */
export interface AlertFilter {
  readonly minSeverity: Severity;
  readonly detectors: readonly string[];
  readonly rules: readonly string[];
}

const isIn = (value: unknown, wanted: ReadonlySet<string>): boolean =>
  typeof value === 'string'
    ? wanted.has(value)
    : Array.isArray(value) && value.some((one) => wanted.has(String(one)));

/**
 * With both lists, an alert that is in either passes. What telegen says of itself has neither detector nor rule, and
 * passes by severity alone: a destination that is let in the dark about losses would trust what it sees.
 */
export function createAlertFilter({ minSeverity, detectors, rules }: AlertFilter): (alert: Alert) => boolean {
  const least = SEVERITIES.indexOf(minSeverity);
  const [wantedDetectors, wantedRules] = [new Set(detectors), new Set(rules)];
  const takesAll = detectors.length + rules.length === 0;
  return ({ severity, attributes }) => {
    if (SEVERITIES.indexOf(severity) < least) return false;
    const detector = attributes[ATTR.detector];
    if (takesAll || detector === undefined) return true;
    return isIn(detector, wantedDetectors) || isIn(attributes[RULE_ID], wantedRules);
  };
}

/** Of alerts that come from rules. */
const RULE_ID = 'telegen.rule.id';
