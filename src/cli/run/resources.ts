import type { Config } from '../../config/config.ts';
import { createShedder, type Shedder } from '../../pipeline/shedding.ts';

/** What of the kernel's ring waits to be read. */
export interface RingPort {
  readonly pending: () => number;
  readonly sizeBytes: number;
}

export interface Resources {
  readonly shedder: Shedder;
  /** Looks at what telegen uses; call it each `periodMs`: what it is late is the lag of the event loop. */
  tick(ring: RingPort): void;
}

/** A smaller ring is full after any burst; that says nothing. */
const SMALL_RING_BYTES = 1_048_576;

/** Keeps telegen within `agent.resources`. */
export function createResources(budget: Config['resources'], periodMs: number): Resources {
  const shedder = createShedder(budget);
  let lookedMs: number | undefined;
  let cpu = process.cpuUsage();
  return {
    shedder,
    tick({ pending, sizeBytes }) {
      const nowMs = performance.now();
      const { user, system } = process.cpuUsage(cpu);
      const elapsedMs = Math.max(1, nowMs - (lookedMs ?? nowMs));
      const isFirst = lookedMs === undefined;
      lookedMs = nowMs;
      cpu = process.cpuUsage();
      // What came before the first look was the start.
      if (isFirst) return;
      shedder.observe({
        cpuPercent: (user + system) / 10 / elapsedMs,
        memoryBytes: process.memoryUsage.rss(),
        lagMs: Math.max(0, elapsedMs - periodMs),
        ringFill: pending() / Math.max(sizeBytes, SMALL_RING_BYTES),
      });
    },
  };
}
