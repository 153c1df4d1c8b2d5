import { HttpRecords } from './http-records.ts';
import { createLivePath } from './live-path.ts';

const SLAB_BYTES = 64 * 1024;
/** Longer than a turn of the collector of garbage: its work must be in the figure. */
const SLABS_A_TURN = 400;

export interface LiveRequests {
  /** Requests of a turn. */
  readonly count: number;
  /** Handles them all; returns how many came out as exchanges. */
  readonly turn: () => number;
}

export interface LiveRequestsOptions {
  /** 32 connections that stay open; else one for each request. */
  readonly keepAlive: boolean;
  /** With the shipped rules and all telemetry; else detectors alone. */
  readonly everything: boolean;
}

/** Requests of an HTTP server as records of the kernel programs, through everything behind them. Their writing is some tenth of a turn. */
export async function requestsOf({ keepAlive, everything }: LiveRequestsOptions): Promise<LiveRequests> {
  const path = await createLivePath(everything);
  const records = new HttpRecords(keepAlive);
  const slab = new ArrayBuffer(SLAB_BYTES);
  const count = Math.round((SLABS_A_TURN * SLAB_BYTES) / (keepAlive ? 520 : 860));
  return {
    count,
    turn() {
      const before = path.exchanges();
      for (let done = 0; done < count; ) {
        const { bytes, exchanges } = records.fill(slab);
        path.take(slab, bytes);
        done += exchanges;
      }
      path.tick(records.timeMs);
      return path.exchanges() - before;
    },
  };
}
