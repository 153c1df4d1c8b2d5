import type { ConnectionEvent } from '../../model/event.ts';
import { ipKey } from '../../net/ip.ts';

/** How many of a program's connects fail: one that mostly gets through is no scanner, whomever it misses. */
export interface SuccessRates {
  /** A connect was tried. Costs one look-up, and nothing while nobody fails. */
  attempted(event: ConnectionEvent): void;
  failed(event: ConnectionEvent): void;
  /** Whether most of what it tried of late failed. */
  mostlyFails(event: ConnectionEvent): boolean;
}

interface Tally {
  attempts: number;
  failures: number;
  sinceMs: number;
}

/** A browser that races two addresses of each host gives up half of its attempts. */
const MOSTLY = 0.6;

export function createSuccessRates(windowMs: number, maxTracked: number): SuccessRates {
  const tallies = new Map<string | number, Tally>();
  const keyOf = ({ owner, local }: ConnectionEvent): string | number => owner?.comm ?? ipKey(local.ip);

  function fresh(tally: Tally, timeMs: number): Tally {
    if (timeMs - tally.sinceMs <= windowMs) return tally;
    tally.attempts /= 2;
    tally.failures /= 2;
    tally.sinceMs = timeMs;
    return tally;
  }

  function makeRoom(timeMs: number): void {
    for (const [key, { sinceMs }] of tallies) if (timeMs - sinceMs > 2 * windowMs) tallies.delete(key);
    const [oldest] = tallies.keys();
    if (tallies.size >= maxTracked && oldest !== undefined) tallies.delete(oldest);
  }

  return {
    attempted(event) {
      if (tallies.size === 0) return;
      const tally = tallies.get(keyOf(event));
      if (tally !== undefined) fresh(tally, event.timeMs).attempts += 1;
    },
    failed(event) {
      const key = keyOf(event);
      let tally = tallies.get(key);
      if (tally === undefined) {
        if (tallies.size >= maxTracked) makeRoom(event.timeMs);
        tally = { attempts: 1, failures: 0, sinceMs: event.timeMs };
        tallies.set(key, tally);
      }
      fresh(tally, event.timeMs).failures += 1;
    },
    mostlyFails(event) {
      const tally = tallies.get(keyOf(event));
      return tally === undefined || tally.failures >= MOSTLY * tally.attempts;
    },
  };
}
