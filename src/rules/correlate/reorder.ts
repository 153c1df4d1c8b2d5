/** Puts items into the order of their time; among equals the order of arrival stays. */
export interface Reorder<T> {
  push(timeMs: number, item: T): void;
  /** Removes and gives the earliest, if it is not later than this. */
  shiftUntil(timeMs: number): T | undefined;
  /** The latest time that was ever pushed. */
  readonly latestMs: number;
  /** The time of the earliest that waits. */
  readonly earliestMs: number;
  readonly size: number;
}

interface Waiting<T> {
  readonly timeMs: number;
  readonly sequence: number;
  readonly item: T;
}

/** Most come in order and wait in a queue; those that do not wait in a heap. */
export function createReorder<T>(): Reorder<T> {
  const late = createHeap<T>();
  let queue: Waiting<T>[] = [];
  let first = 0;
  let sequence = 0;
  let latestMs = Number.NEGATIVE_INFINITY;

  function shiftQueue(): T | undefined {
    const waiting = queue[first];
    first++;
    if (first > 1024 && first * 2 > queue.length) {
      queue = queue.slice(first);
      first = 0;
    }
    return waiting?.item;
  }

  return {
    push(timeMs, item) {
      const waiting = { timeMs, sequence: sequence++, item };
      if (timeMs >= latestMs) queue.push(waiting);
      else late.push(waiting);
      latestMs = Math.max(latestMs, timeMs);
    },
    shiftUntil(timeMs) {
      const [a, b] = [queue[first], late.first()];
      const next = before(b, a) || a === undefined ? b : a;
      if (next === undefined || next.timeMs > timeMs) return undefined;
      return next === a ? shiftQueue() : late.shift();
    },
    get latestMs() {
      return latestMs;
    },
    get earliestMs() {
      const earliest = (waiting: Waiting<T> | undefined): number =>
        waiting?.timeMs ?? Number.POSITIVE_INFINITY;
      return Math.min(earliest(queue[first]), earliest(late.first()));
    },
    get size() {
      return queue.length - first + late.size();
    },
  };
}

function before<T>(a: Waiting<T> | undefined, b: Waiting<T> | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);
}

function createHeap<T>() {
  const heap: Waiting<T>[] = [];

  function rise(): void {
    let at = heap.length - 1;
    const item = heap[at];
    while (item !== undefined && at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above];
      if (other === undefined || !before(item, other)) break;
      heap[at] = other;
      heap[above] = item;
      at = above;
    }
  }

  function sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = before(heap[left + 1], heap[left]) ? left + 1 : left;
      const [own, other] = [heap[at], heap[child]];
      if (own === undefined || other === undefined || !before(other, own)) return;
      heap[at] = other;
      heap[child] = own;
      at = child;
    }
  }

  return {
    size: (): number => heap.length,
    first: (): Waiting<T> | undefined => heap[0],
    push(waiting: Waiting<T>): void {
      heap.push(waiting);
      rise();
    },
    shift(): T | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) {
        heap[0] = last;
        sink();
      }
      return first?.item;
    },
  };
}
