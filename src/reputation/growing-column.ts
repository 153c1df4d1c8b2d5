/** A list of unsigned 32-bit numbers in one typed array that doubles when it is full. */
export interface GrowingColumn {
  /** Gives the place of the number. */
  push(value: number): number;
  at(place: number): number;
  set(place: number, value: number): void;
  /** A copy of exact size. */
  take(): Uint32Array<ArrayBuffer>;
}

export function createGrowingColumn(): GrowingColumn {
  let column = new Uint32Array(64);
  let length = 0;
  return {
    push(value) {
      if (length === column.length) {
        const longer = new Uint32Array(2 * length);
        longer.set(column);
        column = longer;
      }
      column[length] = value;
      return length++;
    },
    at: (place) => column[place] ?? 0,
    set(place, value) {
      column[place] = value;
    },
    take: () => column.slice(0, length),
  };
}
