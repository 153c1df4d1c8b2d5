import type { TuningReload } from './tuning.ts';

interface Timed {
  tick(nowMs: number): void;
}

/** Whatever has something to do by the second. */
export interface Ticking {
  readonly tickResources: () => void;
  readonly contents: Timed;
  readonly packets: Timed | undefined;
  readonly engine: Timed;
  readonly metrics: Timed | undefined;
  readonly cluster: Timed | undefined;
  readonly checkLoss: () => void;
  readonly tuning: Pick<TuningReload, 'refresh'>;
  readonly watchOver: (nowMs: number) => void;
  readonly state: { tick(): void };
}

/** Calls them in the order that they need. */
export function ticker(parts: Ticking): (nowMs: number) => void {
  const { contents, packets, engine, metrics, checkLoss, cluster, tuning, watchOver, tickResources, state } =
    parts;
  return (nowMs) => {
    tickResources();
    contents.tick(nowMs);
    packets?.tick(nowMs);
    engine.tick(nowMs);
    metrics?.tick(nowMs);
    cluster?.tick(nowMs);
    checkLoss();
    tuning.refresh();
    watchOver(nowMs);
    state.tick();
  };
}
