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
  const queue = new Ring<T>();
  let sequence = 0;
  let latestMs = Number.NEGATIVE_INFINITY;

  /** Whether the earliest of all is one that came late. */
  function isLateFirst(waiting: Waiting<T> | undefined): boolean {
    if (waiting === undefined) return false;
    const { timeMs } = queue;
    return waiting.timeMs < timeMs || (waiting.timeMs === timeMs && waiting.sequence < queue.sequence);
  }

  return {
    push(timeMs, item) {
      if (timeMs >= latestMs) {
        queue.push(timeMs, sequence++, item);
        latestMs = timeMs;
      } else late.push({ timeMs, sequence: sequence++, item });
    },
    shiftUntil(timeMs) {
      const waiting = late.first();
      if (isLateFirst(waiting)) return (waiting?.timeMs ?? 0) > timeMs ? undefined : late.shift();
      return queue.size === 0 || queue.timeMs > timeMs ? undefined : queue.shift();
    },
    get latestMs() {
      return latestMs;
    },
    get earliestMs() {
      return Math.min(queue.timeMs, late.first()?.timeMs ?? Number.POSITIVE_INFINITY);
    },
    get size() {
      return queue.size + late.size();
    },
  };
}

/** A queue in columns: what waits by the hundred thousand must not be so many objects. */
class Ring<T> {
  #times = new Float64Array(64);
  #sequences = new Float64Array(64);
  #items: (T | undefined)[] = Array.from({ length: 64 });
  #first = 0;
  size = 0;

  /** Of the first; later than everything when there is none. */
  get timeMs(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.#times[this.#first] as number);
  }

  get sequence(): number {
    return this.#sequences[this.#first] as number;
  }

  push(timeMs: number, sequence: number, item: T): void {
    if (this.size === this.#items.length) this.#grow();
    const at = (this.#first + this.size) & (this.#items.length - 1);
    this.#times[at] = timeMs;
    this.#sequences[at] = sequence;
    this.#items[at] = item;
    this.size++;
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.size--;
    return item;
  }

  /** To the next power of two, the first in front. */
  #grow(): void {
    const { length } = this.#items;
    const inOrder = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(2 * length);
      next.set(column.subarray(this.#first));
      next.set(column.subarray(0, this.#first), length - this.#first);
      return next;
    };
    this.#times = inOrder(this.#times);
    this.#sequences = inOrder(this.#sequences);
    const items = [...this.#items.slice(this.#first), ...this.#items.slice(0, this.#first)];
    this.#items = [...items, ...Array.from<undefined>({ length })];
    this.#first = 0;
  }
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
