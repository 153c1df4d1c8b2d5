/** A place in a queue; embed the value's own fields beside these. */
export interface QueueLink<T> {
  before: T | undefined;
  after: T | undefined;
}

/** Items in order of use, each in at most one queue. All operations take constant time. */
export interface Queue<T> {
  push(item: T): void;
  /** The item must be in this queue. */
  remove(item: T): void;
  first(): T | undefined;
  size(): number;
}

/** A linked list: the first key of a Map takes long to find when many before it were deleted. */
export function createQueue<T extends QueueLink<T>>(): Queue<T> {
  let head: T | undefined;
  let tail: T | undefined;
  let size = 0;
  return {
    push(item) {
      item.before = tail;
      item.after = undefined;
      if (tail === undefined) head = item;
      else tail.after = item;
      tail = item;
      size += 1;
    },
    remove(item) {
      if (item.before === undefined) head = item.after;
      else item.before.after = item.after;
      if (item.after === undefined) tail = item.before;
      else item.after.before = item.before;
      item.before = undefined;
      item.after = undefined;
      size -= 1;
    },
    first: () => head,
    size: () => size,
  };
}
