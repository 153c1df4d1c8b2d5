/** Every code that a rule file can earn, with what it means. Stable: docs/rules.md lists exactly these. */
export const RULE_CODES = {
  'file-unreadable': 'The file cannot be read.',
  'file-size': 'The file is larger than rule files may be.',
  'yaml-syntax': 'The text is not YAML.',
  'yaml-duplicate-key': 'A key stands twice in one mapping.',
  'yaml-limit': 'Too many aliases, parts or levels.',
  'document-kind': 'A document is no rule, correlation or filter.',
  'document-key': 'A required key is missing or of the wrong kind.',
  'action-unknown': 'A legacy `action` other than global, reset and repeat.',
  metadata: 'Optional metadata is malformed; the rule loads.',
  'duplicate-id': 'An earlier document has the same id or name.',
  'logsource-unserved': 'No event of this program belongs to the log source.',
  'field-unserved': 'No event of the log source has this field.',
  'detection-empty': 'A detection or one of its parts says nothing.',
  'detection-value': 'A value is of a kind that cannot stand there.',
  'condition-syntax': 'The condition is malformed.',
  'condition-undefined': 'The condition names a detection that is not there.',
  'condition-aggregation': 'The old `|` aggregation; write a correlation.',
  'condition-case': 'A keyword of the condition in upper case.',
  'modifier-unknown': 'A modifier that does not exist.',
  'modifier-order': 'A modifier in a place where it cannot stand.',
  'modifier-value': 'A value that the modifier cannot take.',
  'regex-invalid': 'A regular expression that the linear-time engine refuses.',
  'cidr-invalid': 'Not a network.',
  'placeholder-unresolved': 'A placeholder that no list resolves.',
  'value-limit': 'Too many or too long values.',
  'correlation-invalid': 'A correlation that says nothing sound.',
  'correlation-reference': 'A correlation refers to a rule that is not there.',
  pipeline: 'A processing pipeline refuses the rule, or leaves nothing of it.',
  'filter-invalid': 'A filter that says nothing sound.',
  'filter-reference': 'A filter refers to a rule that is not there.',
  'lint-unused-selection': 'The condition never uses a detection.',
  'lint-never-true': 'No event can make the condition true.',
  'lint-always-true': 'Every event of the log source makes the condition true.',
  'lint-too-broad': 'The rule matches wherever a field is present.',
  'lint-shadowed': 'Another rule has the same log source and detection.',
  'lint-null-in-list': 'null in a list of values.',
  'lint-single-all': '`all` with a single value.',
  'lint-base64offset': '`base64offset` without `contains`.',
  'lint-encoding': 'A UTF-16 encoding that no base64 follows.',
  'lint-number-as-text': 'A number where text is compared, or the other way round.',
  'lint-identifier': 'An identifier that other Sigma tools misread.',
  'lint-filter-polarity': 'A filter without `not` keeps only what it names.',
} as const;
export type RuleCode = keyof typeof RULE_CODES;

/** Something wrong at a place of a rule file. An error refuses its document; a warning does not. */
export interface RuleProblem {
  readonly code: RuleCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Characters from the start of the file. */
  readonly offset: number;
}

/** Problems named one by one; a hostile file has one per line. */
const MAX_PROBLEMS = 100;

/** Collects the problems of one document. */
export class Problems {
  readonly list: RuleProblem[] = [];
  failed = false;

  error(code: RuleCode, offset: number, message: string): void {
    this.failed = true;
    if (this.list.length < MAX_PROBLEMS) this.list.push({ code, severity: 'error', message, offset });
  }

  warn(code: RuleCode, offset: number, message: string): void {
    if (this.list.length < MAX_PROBLEMS) this.list.push({ code, severity: 'warning', message, offset });
  }

  /** The first error, which is the reason for a refusal. */
  get reason(): string | undefined {
    return this.list.find(({ severity }) => severity === 'error')?.message;
  }
}

/** Text out of a file for a message: short, and without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
