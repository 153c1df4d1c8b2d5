/** Remembers the streams that are over or not followed, the latest of them. */
export interface ClosedStreams {
  add(id: number): void;
  has(id: number): boolean;
}

const REMEMBERED = 512;

export function createClosedStreams(): ClosedStreams {
  const ids = new Set<number>();
  return {
    add: (id) => {
      ids.add(id);
      if (ids.size <= REMEMBERED) return;
      const [oldest] = ids;
      if (oldest !== undefined) ids.delete(oldest);
    },
    has: (id) => ids.has(id),
  };
}
