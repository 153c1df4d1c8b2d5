import { ATTR } from '../model/attributes.ts';
import type { Alert } from '../model/finding.ts';

/** What telegen says of itself in the alert stream. */
export type Notice = Omit<Alert, 'uid'>;

/** One condition of the sensor that an analyst must know of. */
export interface SensorState {
  /** Short machine-readable name, such as `hooks`. */
  readonly check: string;
  readonly state: 'degraded' | 'recovered';
  readonly detail: string;
}

/** ERROR when the sensor sees or delivers less than it should, INFO when that is over. */
export function sensorNotice({ check, state, detail }: SensorState, timeMs: number): Notice {
  return {
    timeMs,
    severity: state === 'degraded' ? 'ERROR' : 'INFO',
    body: `Sensor ${state}: ${detail}`,
    attributes: {
      [ATTR.eventType]: 'telegen.sensor',
      [ATTR.sensorCheck]: check,
      [ATTR.sensorState]: state,
      [ATTR.sensorDetail]: detail,
    },
  };
}

/** All counts are since the start. */
export interface HeartbeatFacts {
  readonly uptimeS: number;
  readonly events: number;
  readonly recordsLost: number;
  readonly alerts: number;
  /** At the destination that is furthest behind. */
  readonly alertsWaiting: number;
  readonly alertsLost: number;
  /** The longest since the last heartbeat. */
  readonly eventLoopLagMs: number;
  /** Names of the checks that are degraded. */
  readonly degraded: readonly string[];
}

/** A record that is missed when the sensor is silent. */
export function heartbeatNotice(facts: HeartbeatFacts, timeMs: number): Notice {
  return {
    timeMs,
    severity: 'INFO',
    body: facts.degraded.length === 0 ? 'Sensor is well' : `Sensor is degraded: ${facts.degraded.join(', ')}`,
    attributes: {
      [ATTR.eventType]: 'telegen.heartbeat',
      [ATTR.uptimeS]: facts.uptimeS,
      [ATTR.heartbeatEvents]: facts.events,
      [ATTR.heartbeatRecordsLost]: facts.recordsLost,
      [ATTR.heartbeatAlerts]: facts.alerts,
      [ATTR.heartbeatAlertsWaiting]: facts.alertsWaiting,
      [ATTR.heartbeatAlertsLost]: facts.alertsLost,
      [ATTR.heartbeatLagMs]: facts.eventLoopLagMs,
      [ATTR.heartbeatDegraded]: facts.degraded,
    },
  };
}
