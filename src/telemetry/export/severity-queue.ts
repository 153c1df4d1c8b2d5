interface Node<T> {
  readonly item: T;
  readonly rank: number;
  readonly order: number;
  next: Node<T> | undefined;
}

/**
 * A bounded queue in order of arrival. When it is full, the oldest of the least grave goes first, never a graver one.
 * Items taken are under way: they count against the capacity and cannot be evicted until `done`, `retry` or `rotate`.
 */
export interface SeverityQueue<T> {
  /** Returns the item that had to go to make room (it may be the one pushed), or undefined. */
  push(item: T): T | undefined;
  /** Takes up to `limit` of the oldest items. The ones taken before must have been handed back. */
  take(limit: number): T[];
  /** The items under way are finished with. */
  done(): void;
  /** The items under way go back to where they were. */
  retry(): void;
  /** The items under way go to the end of the queue. */
  rotate(): void;
  /** Removes everything, also what is under way. */
  drain(): T[];
  /** Waiting and under way. */
  readonly size: number;
}

function createLane<T>() {
  let head: Node<T> | undefined;
  let tail: Node<T> | undefined;
  return {
    get head() {
      return head;
    },
    append(node: Node<T>): void {
      node.next = undefined;
      if (tail === undefined) head = node;
      else tail.next = node;
      tail = node;
    },
    prepend(node: Node<T>): void {
      node.next = head;
      head = node;
      tail ??= node;
    },
    shift(): Node<T> | undefined {
      const first = head;
      head = first?.next;
      if (head === undefined) tail = undefined;
      return first;
    },
  };
}

/** `rankOf` gives 0 (least grave) to `ranks - 1`. All operations are O(ranks) per item. */
export function createSeverityQueue<T>(options: {
  readonly capacity: number;
  readonly ranks: number;
  readonly rankOf: (item: T) => number;
}): SeverityQueue<T> {
  const { capacity, ranks, rankOf } = options;
  const lanes = Array.from({ length: ranks }, () => createLane<T>());
  let underWay: Node<T>[] = [];
  let waiting = 0;
  let order = 0;

  function append(item: T): void {
    const rank = Math.min(ranks - 1, Math.max(0, rankOf(item)));
    order += 1;
    lanes[rank]?.append({ item, rank, order, next: undefined });
    waiting += 1;
  }

  function shiftFrom(lane: (typeof lanes)[number] | undefined): Node<T> | undefined {
    const node = lane?.shift();
    if (node !== undefined) waiting -= 1;
    return node;
  }

  function shiftOldest(): Node<T> | undefined {
    let oldest: (typeof lanes)[number] | undefined;
    for (const lane of lanes) {
      if (lane.head !== undefined && (oldest?.head === undefined || lane.head.order < oldest.head.order)) {
        oldest = lane;
      }
    }
    return shiftFrom(oldest);
  }

  function evictFor(item: T): T {
    const lowest = lanes.find((lane) => lane.head !== undefined);
    if (lowest?.head === undefined || lowest.head.rank > rankOf(item)) return item;
    const evicted = shiftFrom(lowest)?.item;
    append(item);
    return evicted ?? item;
  }

  function takeNodes(limit: number): Node<T>[] {
    const nodes: Node<T>[] = [];
    for (let node = shiftOldest(); node !== undefined; node = shiftOldest()) {
      nodes.push(node);
      if (nodes.length >= limit) break;
    }
    return nodes;
  }

  return {
    get size() {
      return waiting + underWay.length;
    },
    push(item) {
      if (waiting + underWay.length >= capacity) return evictFor(item);
      append(item);
      return undefined;
    },
    take(limit) {
      underWay = takeNodes(limit);
      return underWay.map((node) => node.item);
    },
    done() {
      underWay = [];
    },
    retry() {
      for (const node of underWay.toReversed()) lanes[node.rank]?.prepend(node);
      waiting += underWay.length;
      underWay = [];
    },
    rotate() {
      const nodes = underWay;
      underWay = [];
      for (const node of nodes) append(node.item);
    },
    drain() {
      const nodes = [...underWay, ...takeNodes(Number.POSITIVE_INFINITY)];
      underWay = [];
      return nodes.map((node) => node.item);
    },
  };
}
