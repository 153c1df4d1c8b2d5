/** How far above its baseline a rate must be to stand out. */
export interface Sensitivity {
  /** Times the level. */
  readonly ratio: number;
  /** Spreads above the level. */
  readonly deviations: number;
  /** Windows of a second after which half of what was learned is forgotten. */
  readonly halfLifeWindows: number;
}

/**
 * What a rate usually is: its level, and its mean distance from it. Both forget slowly, so that a day's rise is followed
 * and a rise within minutes is not; what stands out moves them by no more than the threshold would.
 */
export interface Baseline {
  level: number;
  spread: number;
  /** Windows behind it: a young one is trusted less. */
  windows: number;
}

/** With this many windows a baseline is trusted half as much as an old one. */
const YOUNG_WINDOWS = 30;

/** `windows`: how long its place has been watched. What was not there in all that time had the level 0. */
export function createBaseline(windows: number): Baseline {
  return { level: 0, spread: 0, windows };
}

/** Rates from here on stand out. Per second, as the level. */
export function thresholdOf(baseline: Baseline, floor: number, { ratio, deviations }: Sensitivity): number {
  const { level, spread, windows } = baseline;
  const caution = 1 + YOUNG_WINDOWS / Math.max(1, windows);
  return Math.max(floor, caution * ratio * level, level + caution * deviations * spread);
}

/** Takes in the rate of one window; of what lies above `cap` only the cap counts. */
export function learn(
  baseline: Baseline,
  rate: number,
  { cap, halfLifeWindows }: { cap: number; halfLifeWindows: number },
): void {
  const value = Math.min(rate, cap);
  const weight = Math.max(1 - 2 ** (-1 / halfLifeWindows), 1 / memoryOf(baseline.windows));
  baseline.spread += weight * (Math.abs(value - baseline.level) - baseline.spread);
  baseline.level += weight * (value - baseline.level);
  baseline.windows += 1;
}

/**
 * Windows that a baseline looks back on: all there are while it is new, then growing threefold, or a ramp that begins
 * soon after the start would be taken for what is usual.
 */
function memoryOf(windows: number): number {
  return windows < YOUNG_WINDOWS ? windows + 1 : 3 * windows - 2 * YOUNG_WINDOWS + 1;
}

/** Takes in windows in which there was nothing, all at once. */
export function learnSilence(baseline: Baseline, windows: number, halfLifeWindows: number): void {
  if (windows <= 0) return;
  const left = 2 ** (-windows / halfLifeWindows);
  // On the way down the distance from the level is the level itself: half of it on average.
  baseline.spread = baseline.spread * left + (1 - left) * (baseline.level * (1 + left)) * 0.5;
  baseline.level *= left;
  baseline.windows += windows;
}

/** A new level is the usual one from now on. */
export function accept(baseline: Baseline, recent: Baseline | undefined): void {
  if (recent === undefined) return;
  baseline.level = recent.level;
  baseline.spread = recent.spread;
}
