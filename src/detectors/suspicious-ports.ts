import type { Detector } from '../model/detector.ts';
import { openingDirection } from './opening.ts';

export interface SuspiciousPortsOptions {
  readonly suspiciousPorts: readonly number[];
}

/** Connections out to, or accepted on, ports that a backdoor or reverse shell is likely to use. */
export function suspiciousPorts({ suspiciousPorts }: SuspiciousPortsOptions): Detector {
  const name = 'suspicious-ports';
  const ports = new Set(suspiciousPorts);
  return {
    name,
    asks: [],
    inspect(event) {
      const direction = openingDirection(event);
      if (!direction) return undefined;
      const { port } = direction === 'outbound' ? event.remote : event.local;
      if (!ports.has(port)) return undefined;
      return {
        detector: name,
        eventType: 'suspicious_connection',
        severity: 'WARNING',
        gravity: 50,
        body: `Suspicious ${direction} connection ${direction === 'outbound' ? 'to' : 'on'} unusual port ${port}`,
        reason: 'suspicious_port',
        event,
        attributes: {},
      };
    },
  };
}
