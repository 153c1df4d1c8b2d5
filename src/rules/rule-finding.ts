import { ATTR } from '../model/attributes.ts';
import type { Attributes, AttributeValue, Finding, Severity } from '../model/finding.ts';
import { maskSecrets } from '../net/secrets.ts';
import type { DocumentHead } from './compile.ts';
import type { Fired } from './correlate/hit.ts';
import type { MatchedTest } from './explain.ts';
import type { RuleEvent } from './rule-event.ts';
import { LEVELS, type Level } from './syntax/metadata.ts';

/** `telegen.detector` of what rules find. */
export const RULES_DETECTOR = 'rules';
const EVENT_TYPE = 'rule_match';

const SEVERITY: Readonly<Record<Level, Severity>> = {
  informational: 'INFO',
  low: 'INFO',
  medium: 'WARNING',
  high: 'ERROR',
  critical: 'CRITICAL',
};
/** Sigma leaves the level open. */
const DEFAULT_LEVEL: Level = 'medium';
const GRAVITY_STEP = 20;
const MAX_TEXT = 1_024;
const MAX_ITEMS = 32;

/** What a rule says of an event. */
export interface RuleMatch {
  readonly document: DocumentHead;
  readonly event: RuleEvent;
  readonly matched: readonly MatchedTest[];
  /** The rule's `fields`, with their values. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly portable: boolean;
}

/** The finding of a rule that an event fulfils. */
export function ruleFinding({ document, event, matched, fields, portable }: RuleMatch): Finding {
  return {
    ...common(document, event),
    mergeAs: `rule ${document.key}`,
    attributes: known({
      ...ruleAttributes(document),
      [ATTR.ruleMatched]: matched.map(showMatch),
      [ATTR.ruleFields]: fields.map(([name, value]) => `${name}=${maskSecrets(value)}`),
      [ATTR.rulePortable]: portable ? true : undefined,
    }),
  };
}

/** The finding of a correlation that has come true. */
export function correlationFinding(document: DocumentHead, fired: Fired<RuleEvent>): Finding {
  const group = fired.group.map(([name, value]) => `${name}=${value}`);
  return {
    ...common(document, fired.last.event),
    mergeAs: `rule ${document.key} ${JSON.stringify(fired.group)}`,
    attributes: known({
      ...ruleAttributes(document),
      [ATTR.ruleGroup]: group.map(maskSecrets),
      [ATTR.ruleValue]: fired.value,
      [ATTR.ruleEvents]: fired.contributors,
    }),
  };
}

function common({ key, meta }: DocumentHead, event: RuleEvent): Omit<Finding, 'attributes' | 'mergeAs'> {
  const level = meta.level ?? DEFAULT_LEVEL;
  return {
    detector: RULES_DETECTOR,
    eventType: EVENT_TYPE,
    severity: SEVERITY[level],
    gravity: LEVELS.indexOf(level) * GRAVITY_STEP,
    body: meta.title,
    reason: `rule:${key}`,
    event,
  };
}

type Draft = Readonly<Record<string, AttributeValue | undefined>>;

/** The author stays with every alert: the licence of the public rules asks for it. */
function ruleAttributes({ key, meta }: DocumentHead): Draft {
  return {
    [ATTR.ruleId]: key,
    [ATTR.ruleTitle]: meta.title,
    [ATTR.ruleAuthor]: meta.author,
    [ATTR.ruleLevel]: meta.level,
    [ATTR.ruleDescription]: meta.description?.trim(),
    [ATTR.ruleTags]: meta.tags,
    [ATTR.ruleReferences]: meta.references,
    [ATTR.ruleFalsePositives]: meta.falsePositives,
  };
}

function showMatch({ selection, field, value }: MatchedTest): string {
  const text = value === undefined ? 'absent' : maskSecrets(String(value).slice(0, MAX_TEXT));
  return `${selection}: ${field ?? 'keyword'}=${text}`;
}

/** Without what is unknown or empty, and within bounds. */
function known(draft: Draft): Attributes {
  const out: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(draft)) {
    if (typeof value === 'string') out[name] = value.slice(0, MAX_TEXT);
    else if (typeof value === 'number' || typeof value === 'boolean') out[name] = value;
    else if (value !== undefined && value.length > 0)
      out[name] = value.slice(0, MAX_ITEMS).map((each) => each.slice(0, MAX_TEXT));
  }
  return out;
}
