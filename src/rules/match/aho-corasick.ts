import { createEdgeTable, type EdgeTable } from './edge-table.ts';
import { unitsFoldingTo } from './fold.ts';

/** Finds many patterns in one pass over a text, regardless of case. */
export interface Automaton {
  /** Calls `hit` with the number of each pattern that ends at a place (exclusive), longest first. */
  scan(text: string, hit: (pattern: number, end: number) => void): void;
}

/** Entries (4 bytes) up to which transitions are laid out as a full table; beyond it edges are looked up. */
const DENSE_ENTRIES = 4 << 20;

interface Trie {
  readonly classes: Uint16Array;
  readonly classCount: number;
  readonly edges: EdgeTable;
  /** Per node: first pattern that ends here, or -1. Patterns that end at the same node are chained. */
  readonly firstOut: Int32Array;
  readonly nextOut: Int32Array;
  readonly fail: Int32Array;
  /** Nearest node on the way back in which patterns end, itself included; 0 for none. */
  readonly emit: Int32Array;
  readonly nodeCount: number;
  readonly order: Int32Array;
}

/** Builds an automaton of folded, non-empty patterns. Memory grows linearly with their length. */
export function buildAutomaton(patterns: readonly string[], denseEntries = DENSE_ENTRIES): Automaton {
  const trie = buildTrie(patterns);
  const stride = trie.classCount + 1;
  return trie.nodeCount * stride <= denseEntries ? denseAutomaton(trie) : sparseAutomaton(trie, denseEntries);
}

function buildTrie(patterns: readonly string[]): Trie {
  const { classes, classCount } = classesOf(patterns);
  const total = patterns.reduce((sum, { length }) => sum + length, 1);
  const firstOut = new Int32Array(total).fill(-1);
  const nextOut = new Int32Array(patterns.length).fill(-1);
  const edges = createEdgeTable(total);
  let nodeCount = 1;
  for (const [number, pattern] of patterns.entries()) {
    let node = 0;
    for (let i = 0; i < pattern.length; i++) {
      const symbol = classes[pattern.charCodeAt(i)] ?? 0;
      const found = edges.get(node, symbol);
      if (found < 0) edges.set(node, symbol, nodeCount);
      node = found < 0 ? nodeCount++ : found;
    }
    nextOut[number] = firstOut[node] ?? -1;
    firstOut[node] = number;
  }
  const fail = new Int32Array(nodeCount);
  const emit = new Int32Array(nodeCount);
  const order = linkFailures({ edges, fail, emit, firstOut, nodeCount });
  return { classes, classCount, edges, firstOut, nextOut, fail, emit, nodeCount, order };
}

/** Class 0 is every character that no pattern has. Both cases of a letter have one class. */
function classesOf(patterns: readonly string[]): { classes: Uint16Array; classCount: number } {
  const classes = new Uint16Array(0x10000);
  let classCount = 1;
  for (const pattern of patterns) {
    for (let i = 0; i < pattern.length; i++) {
      const unit = pattern.charCodeAt(i);
      if (classes[unit] !== 0) continue;
      for (const each of unitsFoldingTo(unit)) classes[each] = classCount;
      classCount++;
    }
  }
  return { classes, classCount };
}

type Links = Pick<Trie, 'edges' | 'fail' | 'emit' | 'firstOut' | 'nodeCount'>;

/** Breadth first, so that the way back of a node is known before its children ask. */
function linkFailures({ edges, fail, emit, firstOut, nodeCount }: Links): Int32Array {
  const order = new Int32Array(nodeCount);
  let filled = 1;
  for (let done = 0; done < filled; done++) {
    const node = order[done] ?? 0;
    edges.forEachChild(node, (symbol, child) => {
      order[filled++] = child;
      let back = fail[node] ?? 0;
      let target = node === 0 ? 0 : edges.get(back, symbol);
      while (target < 0 && back !== 0) {
        back = fail[back] ?? 0;
        target = edges.get(back, symbol);
      }
      const link = Math.max(target, 0);
      fail[child] = link;
      emit[child] = (firstOut[child] ?? -1) >= 0 ? child : (emit[link] ?? 0);
    });
  }
  return order;
}

/** Tells the patterns that end in a node and in those behind it. */
function createReport({ firstOut, nextOut, fail, emit }: Trie) {
  return (first: number, end: number, hit: (pattern: number, end: number) => void): void => {
    for (let node = first; node !== 0; node = emit[fail[node] ?? 0] ?? 0) {
      for (let pattern = firstOut[node] ?? -1; pattern >= 0; pattern = nextOut[pattern] ?? -1)
        hit(pattern, end);
    }
  };
}

/** A row per node: the next row of each class, and in the last column the node's reports. */
function denseAutomaton(trie: Trie): Automaton {
  const { classes, classCount, edges, fail, emit, nodeCount, order } = trie;
  const stride = classCount + 1;
  const rows = new Int32Array(nodeCount * stride);
  for (const node of order) {
    const row = node * stride;
    const back = (fail[node] ?? 0) * stride;
    if (node !== 0) rows.copyWithin(row, back, back + classCount);
    edges.forEachChild(node, (symbol, child) => {
      rows[row + symbol] = child * stride;
    });
    rows[row + classCount] = emit[node] ?? 0;
  }
  const report = createReport(trie);
  return {
    scan(text, hit) {
      let row = 0;
      for (let i = 0; i < text.length; i++) {
        row = rows[row + (classes[text.charCodeAt(i)] ?? 0)] ?? 0;
        const node = rows[row + classCount] ?? 0;
        if (node !== 0) report(node, i + 1, hit);
      }
    },
  };
}

/**
 * Too large for a full table: the nodes nearest to the root have rows, where nearly all of a text is read; deeper ones
 * look their edges up, and go back when there is none.
 */
function sparseAutomaton(trie: Trie, denseEntries: number): Automaton {
  const { classes, classCount, edges, fail, emit, nodeCount, order } = trie;
  const dense = Math.min(nodeCount, Math.max(1, Math.floor(denseEntries / classCount)));
  const rowOf = new Int32Array(nodeCount).fill(-1);
  const rows = new Int32Array(dense * classCount);
  for (const [rank, node] of order.subarray(0, dense).entries()) {
    const row = rank * classCount;
    rowOf[node] = row;
    const back = rowOf[fail[node] ?? 0] ?? 0;
    if (node !== 0) rows.copyWithin(row, back, back + classCount);
    edges.forEachChild(node, (symbol, child) => {
      rows[row + symbol] = child;
    });
  }
  const report = createReport(trie);
  function step(from: number, symbol: number): number {
    for (let node = from; ; node = fail[node] ?? 0) {
      const row = rowOf[node] ?? -1;
      if (row >= 0) return rows[row + symbol] ?? 0;
      const next = edges.get(node, symbol);
      if (next >= 0) return next;
    }
  }
  return {
    scan(text, hit) {
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        node = step(node, classes[text.charCodeAt(i)] ?? 0);
        const first = emit[node] ?? 0;
        if (first !== 0) report(first, i + 1, hit);
      }
    },
  };
}
