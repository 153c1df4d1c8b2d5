/** Values by attribute name, any of which fits; all names must fit. `severity` names the alert's severity. */
export type Match = Readonly<Record<string, readonly (string | number | boolean)[]>>;

/** Alerts that somebody has decided not to want, for a reason and a time. */
export interface Suppression {
  readonly name: string;
  readonly owner: string;
  readonly reason: string;
  /** Epoch milliseconds; from then on it has no effect. */
  readonly expiresMs: number;
  readonly match: Match;
}

export const LIMIT_TYPES = ['limit', 'threshold', 'both', 'backoff'] as const;
export type LimitType = (typeof LIMIT_TYPES)[number];
export const TRACKED = ['rule', 'process', 'workload', 'peer'] as const;
export type Tracked = (typeof TRACKED)[number];

/** How many of the alerts that fit are sent; the others are counted in a closing record. */
export interface Limit {
  readonly name: string;
  /**
   * `limit`: the first `count` of a window. `threshold`: each `count`-th. `both`: one per window, the `count`-th.
   * `backoff`: the `count`-th, then each that is ten times as many.
   */
  readonly type: LimitType;
  readonly count: number;
  readonly windowMs: number;
  /** What has counts of its own; empty means all alerts that fit share one. */
  readonly track: readonly Tracked[];
  readonly match: Match;
}

export interface Tuning {
  readonly suppressions: readonly Suppression[];
  readonly limits: readonly Limit[];
}

export const NO_TUNING: Tuning = { suppressions: [], limits: [] };
