import type { Alert } from '../../model/finding.ts';

/** The latest alerts, for whoever asks over HTTP. */
export interface RecentAlerts {
  readonly add: (alert: Alert) => void;
  /** Newest first. */
  latest(limit: number): readonly Alert[];
  /** All that were ever added. */
  readonly total: number;
}

/** Creates an empty memory of at most `capacity` alerts. */
export function createRecentAlerts(capacity: number): RecentAlerts {
  const ring: Alert[] = [];
  let total = 0;
  return {
    add(alert) {
      ring[total % capacity] = alert;
      total += 1;
    },
    latest(limit) {
      const found: Alert[] = [];
      for (let i = total - 1; i >= 0 && found.length < Math.min(limit, ring.length); i--) {
        const alert = ring[i % capacity];
        if (alert !== undefined) found.push(alert);
      }
      return found;
    },
    get total() {
      return total;
    },
  };
}
