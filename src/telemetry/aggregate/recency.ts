/** An item that knows its neighbours in a Recency. */
export interface Linked<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * Items in the order in which they were last touched. The links are in the items themselves: deleting and setting anew
 * in a Map keeps an order, too, but has the whole table rebuilt every so often.
 */
export class Recency<T extends Linked<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** The item must not be in any Recency. */
  add(item: T): void {
    item.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  /** Makes it the newest. The item must be in this Recency, as for `remove`. */
  touch(item: T): void {
    if (item === this.#newest) return;
    this.remove(item);
    this.add(item);
  }

  remove(item: T): void {
    const { older, newer } = item;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    item.older = undefined;
    item.newer = undefined;
  }
}
