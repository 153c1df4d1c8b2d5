/** Value below which the given share of the samples lies, interpolated; NaN for no samples. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

export interface Summary {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

/** Median and quartiles. */
export function summarise(samples: readonly number[]): Summary {
  return {
    value: quantile(samples, 0.5),
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
    samples: samples.length,
  };
}

/** One leg with telegen attached and one without, taken right after each other. */
export interface Pair<T> {
  readonly attached: T;
  readonly detached: T;
}

/**
 * Takes pairs of legs. The order inside a pair alternates (off-on, on-off, ...), so that a machine that slowly gets
 * faster or slower favours neither side.
 */
export async function takePairs<T>(
  count: number,
  leg: (attached: boolean) => Promise<T>,
): Promise<Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let index = 0; index < count; index++) {
    const attachedFirst = index % 2 === 1;
    const first = await leg(attachedFirst);
    const second = await leg(!attachedFirst);
    pairs.push(attachedFirst ? { attached: first, detached: second } : { attached: second, detached: first });
  }
  return pairs;
}

/** Attached over detached, pair by pair: what the two legs share cancels out. */
export function ratios<T>(pairs: readonly Pair<T>[], figure: (leg: T) => number): number[] {
  return pairs.map(({ attached, detached }) => figure(attached) / figure(detached));
}
