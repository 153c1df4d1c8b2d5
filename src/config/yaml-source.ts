import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { danglingAliases } from './dangling-aliases.ts';
import { duplicateKeys } from './duplicate-keys.ts';
import { dotted, type KeyPath } from './schema-tree.ts';
import { DANGLING_ALIAS, yamlMessage } from './yaml-message.ts';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Place {
  readonly key: string;
  readonly message: string;
}

/** The data of a YAML text and where each part of it stands. */
export interface YamlSource {
  /** Plain data, undefined when the syntax is broken. */
  readonly value: unknown;
  /** Whether there is no data because the syntax is wrong. */
  readonly broken: boolean;
  /** Syntax errors and duplicate keys. */
  readonly problems: readonly YamlProblem[];
  /** Where a key, or its value, stands; the nearest enclosing thing when it is not in the file. */
  placeOf(path: KeyPath, part: 'key' | 'value'): Place;
}

type Report = (offset: number, message: string, key?: string) => YamlProblem;

/** Reads one YAML 1.2 document. Never throws; time and memory grow linearly with the text. */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report: Report = (offset, message, key = '') => ({ ...at(offset), key, message });
  try {
    // uniqueKeys compares each key with each other (quadratic); duplicateKeys does it in linear time.
    const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: true };
    const document = parseDocument(text, options);
    const faults = syntaxProblems(document, text, report);
    if (faults.length > 0) return broken(faults);
    const problems = duplicateKeys(document.contents).map(({ path, offset, firstOffset }) =>
      report(offset, `duplicate key; the first one is on line ${at(firstOffset).line}`, dotted(path)),
    );
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    const index: PairIndex = new WeakMap();
    const placeOf: YamlSource['placeOf'] = (path, part) => at(offsetOf({ document, index, path, part }));
    return { value, broken: false, problems, placeOf };
  } catch (error) {
    return broken([report(0, yamlMessage('THROWN', error instanceof Error ? error.message : String(error)))]);
  }
}

/** Uses of anchors; a configuration needs a handful, an alias bomb thousands. */
const MAX_ALIASES = 100;

const broken = (problems: readonly YamlProblem[]): YamlSource => ({
  value: undefined,
  broken: true,
  problems,
  placeOf: () => ({ line: 1, column: 1 }),
});

function syntaxProblems(document: Document.Parsed, text: string, report: Report): YamlProblem[] {
  const faults: readonly YAMLError[] = [...document.errors, ...document.warnings];
  // Nesting beyond the stack brings hundreds of faults in its train.
  const tooDeep = faults.find((fault) => fault.code === 'RESOURCE_EXHAUSTION');
  const causes = tooDeep === undefined ? faults : [tooDeep];
  if (causes.length === 0) return danglingAliases(document).map((offset) => report(offset, DANGLING_ALIAS));
  return causes.map(({ pos: [offset], code, message }) =>
    report(offset, yamlMessage(code, message, text[offset])),
  );
}

interface Sought {
  readonly document: Document;
  readonly index: PairIndex;
  readonly path: KeyPath;
  readonly part: 'key' | 'value';
}

/** Offset of the last part of `path` that exists in the text. */
function offsetOf({ document, index, path, part }: Sought): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    const container: unknown = isAlias(node) ? node.resolve(document) : node;
    const step = isMap(container) ? pairOf(container, String(segment), index) : undefined;
    const below: unknown = step?.value ?? (isSeq(container) ? container.items[Number(segment)] : undefined);
    const useKey = step !== undefined && depth === path.length - 1 && part === 'key';
    const next = (useKey ? undefined : startOf(below)) ?? startOf(step?.key);
    if (next === undefined) return offset;
    offset = next;
    node = below;
  }
  return offset;
}

type PairIndex = WeakMap<YAMLMap, ReadonlyMap<string, Pair>>;

/** The pair of a key; the last wins, as it does in the data. Indexed once: a wrong file may have 100,000 keys to place. */
function pairOf(map: YAMLMap, key: string, index: PairIndex): Pair | undefined {
  let pairs = index.get(map);
  if (pairs === undefined) {
    pairs = new Map(
      map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])),
    );
    index.set(map, pairs);
  }
  return pairs.get(key);
}

function startOf(node: unknown): number | undefined {
  const located = isScalar(node) || isCollection(node) || isAlias(node);
  const start = located ? node.range?.[0] : undefined;
  // A missing value is a scalar of no length after the colon; its key is the better place.
  return located && isScalar(node) && node.value === null && node.source === '' ? undefined : start;
}
