import { CORRELATION_TYPES } from './syntax/correlation.ts';
import { LEVELS, STATUSES } from './syntax/metadata.ts';
import { MODIFIERS } from './syntax/modifiers.ts';

const TEXT = { type: 'string' } as const;
const TEXTS = { anyOf: [TEXT, { type: 'array', items: TEXT }] } as const;
const SCALAR = { type: ['string', 'number', 'boolean', 'null'] } as const;

const metadata = {
  title: { type: 'string', minLength: 1, maxLength: 256 },
  id: { type: 'string', format: 'uuid' },
  name: TEXT,
  status: { enum: STATUSES },
  description: TEXT,
  license: TEXT,
  author: TEXTS,
  references: { type: 'array', items: TEXT },
  date: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
  modified: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
  level: { enum: LEVELS },
  tags: { type: 'array', items: { type: 'string', pattern: '^[a-z0-9_-]+\\.[A-Za-z0-9._-]+$' } },
  fields: { type: 'array', items: TEXT },
  falsepositives: TEXTS,
  blind_spots: { type: 'array', items: TEXT },
  tests: {
    type: 'array',
    items: {
      type: 'object',
      required: ['name', 'match'],
      properties: {
        name: TEXT,
        match: { type: 'boolean' },
        fields: { type: 'object' },
        events: { type: 'array' },
      },
      additionalProperties: false,
    },
  },
} as const;

const logsource = {
  type: 'object',
  properties: { category: TEXT, product: TEXT, service: TEXT, definition: TEXT },
  minProperties: 1,
} as const;

/** `field|modifier|...`, or keywords with modifiers. */
const itemKey = `^[^|]*(\\|(${MODIFIERS.join('|')}))*$`;

const detection = {
  anyOf: [
    SCALAR,
    { type: 'array', minItems: 1 },
    {
      type: 'object',
      minProperties: 1,
      patternProperties: { [itemKey]: { anyOf: [SCALAR, { type: 'array', items: SCALAR }] } },
      additionalProperties: false,
    },
  ],
} as const;

const selections = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  required,
  properties: { condition: TEXTS, ...properties },
  additionalProperties: detection,
});

const correlation = {
  type: 'object',
  required: ['type', 'rules', 'timespan'],
  properties: {
    type: { enum: CORRELATION_TYPES },
    rules: TEXTS,
    'group-by': TEXTS,
    timespan: { type: 'string', pattern: '^[1-9]\\d*[smhdwMy]$' },
    condition: { type: ['object', 'string'] },
    aliases: { type: 'object' },
    generate: { type: 'boolean' },
    'telegen.firing': { enum: ['suppress', 'reset', 'every-match'] },
  },
  additionalProperties: false,
} as const;

/** JSON Schema (draft 7) of one document of a rule file, for editors. What it lets pass may still be refused by a check. */
export function ruleJsonSchema(): object {
  const kind = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
    type: 'object',
    required: ['title', ...required],
    properties: { ...metadata, ...properties },
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Sigma rule, correlation or filter',
    oneOf: [
      kind(['logsource', 'detection'], { logsource, detection: selections(['condition'], {}) }),
      kind(['correlation'], { correlation }),
      kind(['logsource', 'filter'], {
        logsource,
        filter: selections(['condition', 'rules'], { rules: TEXTS }),
      }),
    ],
  };
}
