/**
 * Takes the facts out of the specification page, so that tests need not retype them:
 * `node scripts/extract-specification.ts PAGE.md` writes test/specification.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The facts of the page. */
export interface Specification {
  /** Blocks of configuration, in the order of the page. */
  readonly configuration: readonly ConfigurationBlock[];
  /** Names of the metrics in tables, in samples and in expressions, without `_bucket`. */
  readonly metrics: readonly string[];
  /** Labels shown on each metric. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Attributes of events and alerts. */
  readonly attributes: readonly string[];
  /** Names used for nodes and edges of the topology. */
  readonly topology: Readonly<Record<'nodes' | 'edges', readonly string[]>>;
  readonly expressions: readonly Expression[];
}

export interface ConfigurationBlock {
  readonly heading: string;
  readonly yaml: string;
  /** Values by dotted key. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Expression {
  readonly title: string;
  readonly promql: string;
}

interface Block {
  readonly language: string;
  readonly heading: string;
  readonly text: string;
}

/** Reads the page's text. */
export function extractSpecification(page: string): Specification {
  const blocks = blocksOf(page);
  const of = (language: string): Block[] => blocks.filter((block) => block.language === language);
  const expressions = of('promql').flatMap(({ text }) => expressionsOf(text));
  const samples = of('yaml').flatMap(({ text }) => samplesOf(text));
  const used = [...samples, ...expressions.flatMap(({ promql }) => selectorsOf(promql))];
  const tables = tableNames(page, /^[a-z]+_[a-z_]+$/);
  const names = [...tables, ...used.map(([name]) => name)].map((name) => name.replace(/_bucket$/, ''));
  return {
    configuration: of('yaml').flatMap(configurationOf),
    metrics: unique(names),
    labels: labelsBy(used),
    attributes: unique([
      ...tableNames(page, /^[a-z]+\.[a-z_.]+$/),
      ...of('json').flatMap(({ text }) => attributesOf(text)),
    ]),
    topology: topologyOf(of('yaml')),
    expressions,
  };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

function blocksOf(page: string): Block[] {
  let heading = '';
  const found: Block[] = [];
  for (const match of page.matchAll(/^(?:#+ (.+)|```(\w+)\n([\s\S]*?)^```)$/gm)) {
    const [, title, language = '', text = ''] = match;
    if (title === undefined) found.push({ language, heading, text });
    else heading = title;
  }
  return found;
}

function configurationOf({ heading, text }: Block): ConfigurationBlock[] {
  if (!/^agent:/m.test(text)) return [];
  return [{ heading, yaml: text, values: Object.fromEntries(leaves(parse(text) as unknown, '')) }];
}

function leaves(value: unknown, key: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[key, value]];
  return Object.entries(value).flatMap(([name, below]) =>
    leaves(below, key === '' ? name : `${key}.${name}`),
  );
}

/** Names in the first column of tables, as far as they are of that shape. */
function tableNames(page: string, shape: RegExp): string[] {
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)]
    .map(([, name = '']) => name)
    .filter((name) => shape.test(name));
}

type Selector = readonly [name: string, labels: readonly string[]];

/** Samples such as `name{a="1"} 5`. */
function samplesOf(text: string): Selector[] {
  return [...text.matchAll(/^(\w+)\{([^}]*)\} \d+$/gm)].map(([, name = '', inside = '']) => [
    name,
    labelNames(inside),
  ]);
}

function labelNames(inside: string): string[] {
  return [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, name = '']) => name);
}

/** Metrics of an expression, with the labels that it selects and groups by. */
function selectorsOf(promql: string): Selector[] {
  const groups = [...promql.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(/,\s*/));
  return [...promql.matchAll(/\b([a-z]\w*_\w+)\b(?:\{([^}]*)\})?(?=\[|$|\s*$)/gm)].map(
    ([, name = '', inside = '']) => [name, [...labelNames(inside), ...groups]],
  );
}

function labelsBy(used: readonly Selector[]): Record<string, string[]> {
  const names = unique(used.map(([name]) => name));
  return Object.fromEntries(
    names.map((name) => [
      name,
      unique(used.filter(([other]) => other === name).flatMap(([, labels]) => labels)),
    ]),
  );
}

/** Each comment of a block begins an expression. */
function expressionsOf(text: string): Expression[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.split('\n');
      return { title: title.trim(), promql: lines.join('\n').trim() };
    });
}

function attributesOf(text: string): string[] {
  return Object.keys((JSON.parse(text) as { attributes?: object }).attributes ?? {});
}

function topologyOf(blocks: readonly Block[]): Specification['topology'] {
  const text =
    blocks.find((block) => block.text.startsWith('topology:'))?.text ?? 'topology: {nodes: [], edges: []}';
  const { topology } = parse(text) as { topology: Record<'nodes' | 'edges', Record<string, unknown>[]> };
  const names = (items: Record<string, unknown>[]): string[] =>
    unique(
      items.flatMap(({ attributes, ...rest }) => [
        ...Object.keys(rest),
        ...Object.keys(attributes as object),
      ]),
    );
  return { nodes: names(topology.nodes), edges: names(topology.edges) };
}

if (import.meta.main) {
  const [page] = process.argv.slice(2);
  if (page === undefined) throw new Error('usage: node scripts/extract-specification.ts PAGE.md');
  const facts = extractSpecification(readFileSync(page, 'utf8'));
  writeFileSync(
    new URL('../test/specification.json', import.meta.url),
    `${JSON.stringify(facts, null, 2)}\n`,
  );
}
