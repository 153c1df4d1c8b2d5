import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type Tags,
} from 'yaml';
import { narrow } from '../rules/match/value.ts';
import type { ScalarValue, YamlEntry, YamlNode } from '../rules/syntax/node.ts';
import type { RuleCode, RuleProblem } from '../rules/syntax/problem.ts';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** The documents of a rule file as plain nodes with their places. */
export interface RuleYaml {
  readonly documents: readonly YamlNode[];
  readonly problems: readonly RuleProblem[];
  readonly placeOf: (offset: number) => Place;
}

/** Uses of anchors per document. */
const MAX_ALIASES = 100;
/** Parts of one document after its aliases are written out. */
const MAX_NODES = 1_000_000;
const MAX_DEPTH = 64;
const BOM = 1;

const tagsOf = (tags: Tags): Tags =>
  tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      !['timestamp', 'binary', 'omap', 'pairs', 'set'].some((name) => tag.tag.endsWith(`:${name}`)),
  );

/** Reads a YAML 1.1 stream; timestamps stay text. Never throws; time and memory grow linearly with the text. */
export function readRuleYaml(text: string): RuleYaml {
  const shift = text.startsWith('\uFEFF') ? BOM : 0;
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.max(0, offset));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems: RuleProblem[] = [];
  const report = (code: RuleCode, offset: number, message: string): void => {
    problems.push({ code, severity: 'error', message, offset });
  };
  try {
    const parsed = parseAllDocuments(text.slice(shift), {
      version: '1.1',
      customTags: tagsOf,
      merge: true,
      intAsBigInt: true,
      // Compares each key with each other; duplicates are found in linear time below.
      uniqueKeys: false,
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'silent',
    });
    const documents = Array.isArray(parsed) ? parsed : [];
    return { documents: documents.flatMap((each) => toNodes(each, report)), problems, placeOf };
  } catch (error) {
    const tooDeep = error instanceof RangeError;
    report(
      'yaml-limit',
      0,
      tooDeep ? 'the file is nested too deeply' : `the file cannot be read: ${String(error)}`,
    );
    return { documents: [], problems, placeOf };
  }
}

type Report = (code: RuleCode, offset: number, message: string) => void;

function toNodes(document: Document.Parsed<ParsedNode>, report: Report): readonly YamlNode[] {
  const [fault] = document.errors;
  if (fault !== undefined) {
    const tooDeep = fault.code === 'RESOURCE_EXHAUSTION';
    report(
      tooDeep ? 'yaml-limit' : 'yaml-syntax',
      fault.pos[0],
      tooDeep ? 'nested too deeply' : messageOf(fault.message),
    );
    return [];
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  try {
    return [new Converter(report).convert(contents, 0)];
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    report('yaml-limit', error.offset, error.message);
    return [];
  }
}

const messageOf = (message: string): string => (message.split('\n')[0] ?? '').slice(0, 200);

class LimitError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Sizes count what a reader of the data sees, aliases written out. */
interface Converted {
  readonly node: YamlNode;
  readonly size: number;
}

class Converter {
  readonly #report: Report;
  readonly #anchors = new Map<string, Converted>();
  #aliases = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  convert(node: Node, depth: number): YamlNode {
    return this.#convert(node, depth).node;
  }

  #convert(node: unknown, depth: number): Converted {
    const offset = offsetOf(node);
    if (depth > MAX_DEPTH) throw new LimitError(`nested deeper than ${MAX_DEPTH} levels`, offset);
    if (isAlias(node)) return this.#resolve(node.source, offset);
    const made = isMap(node)
      ? this.#map(node.items, offset, depth)
      : isSeq(node)
        ? this.#seq(node.items, offset, depth)
        : { node: { kind: 'scalar', value: scalarOf(node), offset } as const, size: 1 };
    if (made.size > MAX_NODES) throw new LimitError(`more than ${MAX_NODES} parts`, offset);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, made);
    return made;
  }

  #resolve(name: string, offset: number): Converted {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) throw new LimitError(`more than ${MAX_ALIASES} aliases (*name)`, offset);
    const found = this.#anchors.get(name);
    if (found !== undefined) return found;
    this.#report(
      'yaml-syntax',
      offset,
      `an alias (*${name}) of nothing; a value that starts with "*" must be in quotes`,
    );
    return { node: { kind: 'scalar', value: null, offset }, size: 1 };
  }

  #seq(items: readonly unknown[], offset: number, depth: number): Converted {
    const parts = items.map((item) => this.#convert(item, depth + 1));
    const size = parts.reduce((sum, part) => sum + part.size, 1);
    return { node: { kind: 'seq', items: parts.map((part) => part.node), offset }, size };
  }

  #map(items: readonly YamlPair[], offset: number, depth: number): Converted {
    const entries = new Map<string, YamlEntry>();
    let size = 1;
    for (const { key, value } of items) {
      const made = this.#convert(value, depth + 1);
      size += made.size;
      const keyOffset = offsetOf(key);
      if (isMergeKey(key)) mergeInto(entries, made.node);
      else
        this.#enter(
          entries,
          { key: nameOf(key), keyOffset, value: placed(made.node, value, keyOffset) },
          offset,
        );
    }
    return { node: { kind: 'map', entries: [...entries.values()], offset }, size };
  }

  /** A key that a merge brought stands before the mapping that takes it, and gives way. */
  #enter(entries: Map<string, YamlEntry>, entry: YamlEntry, mapOffset: number): void {
    const old = entries.get(entry.key);
    if (old !== undefined && old.keyOffset >= mapOffset)
      this.#report('yaml-duplicate-key', entry.keyOffset, `the key "${entry.key.slice(0, 80)}" stands twice`);
    else entries.set(entry.key, entry);
  }
}

interface YamlPair {
  readonly key: unknown;
  readonly value: unknown;
}

const isMergeKey = (key: unknown): boolean => isScalar(key) && key.source === '<<';

const nameOf = (key: unknown): string =>
  isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : '';

function mergeInto(entries: Map<string, YamlEntry>, node: YamlNode): void {
  const maps = node.kind === 'seq' ? node.items : [node];
  for (const map of maps) {
    if (map.kind !== 'map') continue;
    for (const entry of map.entries) if (!entries.has(entry.key)) entries.set(entry.key, entry);
  }
}

/** A missing value stands where its key does. */
const placed = (node: YamlNode, value: unknown, keyOffset: number): YamlNode =>
  value === null || value === undefined ? { ...node, offset: keyOffset } : node;

/** What other Sigma tools read as text, although YAML 1.1 says otherwise: y and n, and exponents without sign or dot. */
const TEXT = /^(?:[yYnN]|[-+]?\d[\d_]*(?:[eE].*|\.[\d_]*[eE]\d+))$/;

function scalarOf(node: unknown): ScalarValue {
  if (!isScalar(node)) return null;
  const { value, source, type } = node;
  if (typeof value === 'string') return value;
  if (type === 'PLAIN' && source !== undefined && TEXT.test(source)) return source;
  if (typeof value === 'bigint') return narrow(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : (source ?? null);
}

function offsetOf(node: unknown): number {
  const located = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return located ? (node.range?.[0] ?? 0) : 0;
}
