/** A limit from the project's figures; a missed one is reported, never an error. */
export interface Target {
  readonly sense: '<=' | '>=';
  readonly value: number;
}

/** One figure. `low` and `high` are the quartiles of the samples, or what `spread` says. */
export interface Row {
  readonly label: string;
  readonly unit: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
  /** What value, low and high are; default `median, quartiles`. */
  readonly spread?: string;
  readonly target?: Target;
  /** What was measured beside it. */
  readonly note?: string;
}

export interface Outcome {
  readonly rows: readonly Row[];
  /** The samples behind the rows, by name, in the order they were taken. */
  readonly raw: Readonly<Record<string, readonly number[]>>;
}

/** All rows and samples of several, in their order; their labels differ. */
export function together(outcomes: readonly Outcome[]): Outcome {
  return {
    rows: outcomes.flatMap(({ rows }) => rows),
    raw: Object.assign({}, ...outcomes.map(({ raw }) => raw)),
  };
}

export interface BenchContext {
  /** Fewer samples: for trying, not for publishing. */
  readonly quick: boolean;
  /** Progress for the person who waits. */
  readonly say: (text: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What is done and how it is timed. */
  readonly work: string;
  readonly compares: string;
  /** Needs root, cgroup v2 and namespaces. */
  readonly live: boolean;
  /** Takes so long that it runs only when it is named. */
  readonly onRequest?: true;
  /** Left out of `--quick` unless it is named. */
  readonly takesLong?: true;
  run(context: BenchContext): Promise<Outcome>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly virtual: boolean;
  readonly node: string;
  /** One-minute load average before the benchmark: what else was running. */
  readonly loadBefore: number;
}

/** What a results file holds. */
export interface StoredResult extends Outcome {
  readonly name: string;
  readonly measuredAt: string;
  readonly quick: boolean;
  readonly machine: Machine;
}

/** undefined where there is no target. */
export function isMet({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return target.sense === '<=' ? value <= target.value : value >= target.value;
}
