import type { PacketTuple } from '../../net/packet/packet-view.ts';
import { type Flow, isFromClient, isFromServer } from './flow.ts';

/** Finds the flow of a packet, whichever way it goes. */
export interface FlowIndex {
  find(packet: PacketTuple): Flow | undefined;
  add(flow: Flow): void;
  remove(flow: Flow): void;
}

const FIRST_BUCKETS = 1024;

/**
 * A hash table that grows with the number of flows. `seed` keeps whoever writes captures from knowing which flows share
 * a bucket. Nothing that leaves the table depends on it.
 */
export function createFlowIndex(seed: number): FlowIndex {
  const hash = createTupleHash(seed);
  let buckets = emptyBuckets(FIRST_BUCKETS);
  let mask = FIRST_BUCKETS - 1;
  let size = 0;
  /** What was found last: most packets belong to the conversation of the one before. */
  let last: Flow | undefined;

  function link(flow: Flow): void {
    flow.chain = buckets[flow.hash & mask];
    buckets[flow.hash & mask] = flow;
  }
  function grow(): void {
    const before = buckets;
    buckets = emptyBuckets(before.length * 2);
    mask = buckets.length - 1;
    for (const first of before) {
      for (let flow = first; flow !== undefined; ) {
        const next = flow.chain;
        link(flow);
        flow = next;
      }
    }
  }

  return {
    find(packet) {
      if (last !== undefined && isOf(last, packet)) return last;
      const wanted = hash(packet);
      for (let flow = buckets[wanted & mask]; flow !== undefined; flow = flow.chain) {
        if (flow.hash !== wanted || !isOf(flow, packet)) continue;
        last = flow;
        return flow;
      }
      return undefined;
    },
    add(flow) {
      if (++size > buckets.length) grow();
      flow.hash = hash(flow.tuple);
      link(flow);
      last = flow;
    },
    remove(flow) {
      if (last === flow) last = undefined;
      size--;
      const first = buckets[flow.hash & mask];
      if (first === flow) {
        buckets[flow.hash & mask] = flow.chain;
        return;
      }
      for (let before = first; before !== undefined; before = before.chain) {
        if (before.chain !== flow) continue;
        before.chain = flow.chain;
        return;
      }
    },
  };
}

function emptyBuckets(size: number): (Flow | undefined)[] {
  return Array.from({ length: size }, () => undefined);
}

function isOf(flow: Flow, packet: PacketTuple): boolean {
  const { tuple } = flow;
  return (
    (isFromClient(flow, packet) || isFromServer(flow, packet)) &&
    tuple.protocol === packet.protocol &&
    tuple.vlan === packet.vlan &&
    tuple.tunnel === packet.tunnel &&
    tuple.tunnelId === packet.tunnelId &&
    tuple.family === packet.family
  );
}

/** The same for both directions: the two ends are hashed alike and added. */
function createTupleHash(seed: number): (tuple: PacketTuple) => number {
  const [m0, m1, m2, m3, m4, m5, m6, m7] = multipliers(seed) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return (tuple) => {
    let source = Math.imul(tuple.src3, m0) + Math.imul(tuple.srcPort, m1);
    let destination = Math.imul(tuple.dst3, m0) + Math.imul(tuple.dstPort, m1);
    if (tuple.family === 6) {
      source += Math.imul(tuple.src0, m2) + Math.imul(tuple.src1, m3) + Math.imul(tuple.src2, m4);
      destination += Math.imul(tuple.dst0, m2) + Math.imul(tuple.dst1, m3) + Math.imul(tuple.dst2, m4);
    }
    const rest = Math.imul(tuple.vlan, m5) + Math.imul(tuple.tunnelId, m6) + Math.imul(tuple.protocol, m7);
    return mix((mix(source | 0) + mix(destination | 0) + rest) | 0);
  };
}

/** Finalizer in the manner of MurmurHash3: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Eight odd numbers. */
function multipliers(seed: number): number[] {
  let state = seed | 0;
  return Array.from({ length: 8 }, () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) | 1;
  });
}
