import { END_SYMBOL, huffmanCodes } from './huffman-code.ts';

/**
 * The code as a machine that takes four bits a step. A state is an inner node of the code tree; an entry is the next
 * state, with `EMIT` and the symbol in the upper half when one was completed on the way.
 */
const STEPS = buildSteps();
const EMIT = 0x100;
const FAILED = -1;
/** States in which a string may end: at most seven bits of the end symbol, all ones (RFC 7541, 5.2). */
const FINAL = buildFinal();

/** Decodes `[start, end)` into `out`, which has room (8 bytes become 13 at most). Returns the length; -1 when it is bad. */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const high = STEPS[(state << 4) | (byte >> 4)] as number;
    if (high === FAILED) return -1;
    if ((high & EMIT) !== 0) out[length++] = high >> 16;
    const low = STEPS[((high & 0xff) << 4) | (byte & 15)] as number;
    if (low === FAILED) return -1;
    if ((low & EMIT) !== 0) out[length++] = low >> 16;
    state = low & 0xff;
  }
  return FINAL[state] === 1 ? length : -1;
}

/** Children by bit: an inner node's number, or ~symbol for a leaf. */
type Node = [number, number];

function buildTree(): Node[] {
  const nodes: Node[] = [[0, 0]];
  for (const { symbol, code, bits } of huffmanCodes()) {
    let node = 0;
    for (let i = bits - 1; i > 0; i--) {
      const bit = (code >>> i) & 1;
      const children = nodes[node] as Node;
      if (children[bit] === 0) children[bit] = nodes.push([0, 0]) - 1;
      node = children[bit] as number;
    }
    (nodes[node] as Node)[code & 1] = ~symbol;
  }
  return nodes;
}

function buildSteps(): Int32Array {
  const nodes = buildTree();
  const steps = new Int32Array(nodes.length * 16);
  for (let state = 0; state < nodes.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[state * 16 + nibble] = step(nodes, state, nibble);
  }
  return steps;
}

function step(nodes: readonly Node[], state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let i = 3; i >= 0; i--) {
    const next = (nodes[node] as Node)[(nibble >> i) & 1] as number;
    if (next === ~END_SYMBOL) return -1;
    if (next < 0) emitted = 0x100 | (~next << 16);
    node = Math.max(next, 0);
  }
  return emitted | node;
}

function buildFinal(): Uint8Array {
  const nodes = buildTree();
  const final = new Uint8Array(nodes.length);
  for (let node = 0, depth = 0; depth <= 7; depth++) {
    final[node] = 1;
    node = (nodes[node] as Node)[1];
  }
  return final;
}
