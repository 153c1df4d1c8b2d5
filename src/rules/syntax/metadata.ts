import { childOf, isNull, plainOf, textOf, textsOf, type YamlMap } from './node.ts';
import { type Problems, quoted } from './problem.ts';

export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];
export const STATUSES = ['unsupported', 'deprecated', 'experimental', 'test', 'stable'] as const;
export type Status = (typeof STATUSES)[number];

/** What a document says of itself. */
export interface Metadata {
  readonly title: string;
  readonly id?: string;
  readonly name?: string;
  readonly status?: Status;
  readonly description?: string;
  readonly license?: string;
  readonly author?: string;
  readonly date?: string;
  readonly modified?: string;
  readonly level?: Level;
  readonly references: readonly string[];
  readonly tags: readonly string[];
  readonly fields: readonly string[];
  readonly falsePositives: readonly string[];
  readonly scope: readonly string[];
  readonly taxonomy?: string;
  readonly related: readonly unknown[];
  /** Keys that Sigma does not know, as they are. */
  readonly custom: Readonly<Record<string, unknown>>;
}

const MAX_TITLE = 256;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DATE = /^\d{4}[-/]\d{1,2}[-/]\d{1,2}$/;
const TAG = /^[a-z0-9_-]+\.[A-Za-z0-9._-]+$/;
/** Keys with a meaning of their own; all others are custom. */
const KNOWN = new Set([
  'title',
  'id',
  'name',
  'status',
  'description',
  'license',
  'author',
  'date',
  'modified',
  'level',
  'references',
  'tags',
  'fields',
  'falsepositives',
  'scope',
  'taxonomy',
  'related',
  'logsource',
  'detection',
  'correlation',
  'filter',
  'action',
  'tests',
]);

/** Reads the metadata; what is malformed is reported as a warning and left out. Only the title is required. */
export function parseMetadata(node: YamlMap, problems: Problems): Metadata {
  const text = (key: string): string | undefined => textOf(childOf(node, key));
  const list = (key: string): readonly string[] => textsOf(childOf(node, key));
  const warn = (key: string, message: string): void =>
    problems.warn('metadata', childOf(node, key)?.offset ?? node.offset, message);
  const title = readTitle(node, problems);
  const id = text('id');
  if (id !== undefined && !UUID.test(id)) warn('id', `the id ${quoted(id)} is no UUID`);
  for (const key of ['date', 'modified']) {
    const date = text(key);
    if (date !== undefined && !DATE.test(date)) warn(key, `${quoted(date)} is no date (YYYY-MM-DD)`);
  }
  for (const tag of list('tags')) {
    if (!TAG.test(tag)) warn('tags', `the tag ${quoted(tag)} is not of the form namespace.value`);
  }
  const related = childOf(node, 'related');
  return {
    title,
    ...defined({ id, name: text('name'), description: text('description'), license: text('license') }),
    ...defined({ author: authorOf(node), date: text('date'), modified: text('modified') }),
    ...defined({
      status: oneOf(node, 'status', STATUSES, problems),
      level: oneOf(node, 'level', LEVELS, problems),
    }),
    ...defined({ taxonomy: text('taxonomy') }),
    references: list('references'),
    tags: list('tags'),
    fields: list('fields'),
    falsePositives: list('falsepositives'),
    scope: list('scope'),
    related: related?.kind === 'seq' ? related.items.map(plainOf) : [],
    custom: Object.fromEntries(
      node.entries.filter(({ key }) => !KNOWN.has(key)).map(({ key, value }) => [key, plainOf(value)]),
    ),
  };
}

function readTitle(node: YamlMap, problems: Problems): string {
  const title = textOf(childOf(node, 'title'));
  if (title === undefined) problems.error('document-key', node.offset, 'the document has no "title"');
  else if (title.length > MAX_TITLE)
    problems.warn(
      'metadata',
      childOf(node, 'title')?.offset ?? 0,
      `the title is longer than ${MAX_TITLE} characters`,
    );
  return (title ?? '').slice(0, MAX_TITLE);
}

function authorOf(node: YamlMap): string | undefined {
  const authors = textsOf(childOf(node, 'author'));
  return authors.length === 0 ? undefined : authors.join(', ');
}

function oneOf<T extends string>(
  node: YamlMap,
  key: string,
  legal: readonly T[],
  problems: Problems,
): T | undefined {
  const value = childOf(node, key);
  if (isNull(value)) return undefined;
  const text = textOf(value)?.toLowerCase();
  const found = legal.find((each) => each === text);
  if (found === undefined)
    problems.warn('metadata', value?.offset ?? node.offset, `"${key}" must be one of ${legal.join(', ')}`);
  return found;
}

/** By id and name, the first document that bears it: so correlations and filters refer. */
export function byIdAndName<T extends { readonly meta: Metadata }>(
  documents: readonly T[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const document of documents) {
    for (const name of [document.meta.id, document.meta.name])
      if (name !== undefined && !found.has(name)) found.set(name, document);
  }
  return found;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
