import type { Delivery } from '../../alerts/deliver.ts';
import type { LiveCapture } from '../../capture/live/live-capture.ts';
import type { SinkCounters } from '../../model/sink.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { heartbeatNotice } from '../../pipeline/notices.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import { clockCheck, createWatchdog, exportCheck } from '../../pipeline/watchdog.ts';

export interface LifeParts {
  readonly engine: Pick<Engine, 'counters' | 'notify'>;
  readonly capture: Pick<LiveCapture, 'hooks' | 'counters' | 'cgroupTrouble'>;
  readonly delivery: Pick<Delivery, 'counters'>;
  readonly shedder: Pick<Shedder, 'trouble'>;
  /** Between heartbeats; 0: none. */
  readonly heartbeatMs: number;
  /** How often the result is called: what it is late is the lag of the event loop. */
  readonly periodMs: number;
}

function missingHooks({ hooks }: LifeParts['capture']): string | undefined {
  const missing = hooks.filter(({ state }) => state === 'missing').map(({ feature }) => feature.name);
  return missing.length === 0 ? undefined : `hooks are missing: ${missing.join(', ')}`;
}

const sumOf = (counts: Iterable<number>): number => [...counts].reduce((sum, count) => sum + count, 0);
const lostOf = ({ lost }: SinkCounters): number => sumOf(Object.values(lost));

/** Watches over the sensor itself, and gives signs of life. Returns what to call each `periodMs`. */
export function watchOverSensor({
  engine,
  capture,
  delivery,
  shedder,
  heartbeatMs,
  periodMs,
}: LifeParts): (nowMs: number) => void {
  const steadyMs = (): number => performance.now();
  const beganMs = steadyMs();
  let tickMs = beganMs;
  let lagMs = 0;
  let beatMs = beganMs;
  const watchdog = createWatchdog(
    {
      hooks: () => missingHooks(capture),
      cgroup: () => capture.cgroupTrouble(),
      export: exportCheck(() => delivery.counters(), steadyMs),
      clock: clockCheck(steadyMs),
      resources: () => shedder.trouble,
    },
    engine.notify,
  );

  function beat(nowMs: number): void {
    beatMs = steadyMs();
    const sinks = Object.values(delivery.counters());
    const facts = {
      uptimeS: Math.round((beatMs - beganMs) / 1000),
      events: engine.counters.handled,
      recordsLost: sumOf(Object.values(capture.counters()).map(({ dropped }) => dropped)),
      alerts: engine.counters.candidates,
      alertsWaiting: Math.max(0, ...sinks.map(({ pending, spooled = 0 }) => pending + spooled)),
      alertsLost: sumOf(sinks.map(lostOf)),
      eventLoopLagMs: Math.round(lagMs),
      degraded: watchdog.degraded,
    };
    lagMs = 0;
    engine.notify(heartbeatNotice(facts, nowMs));
  }

  return (nowMs) => {
    lagMs = Math.max(lagMs, steadyMs() - tickMs - periodMs);
    tickMs = steadyMs();
    watchdog.tick(nowMs);
    if (heartbeatMs > 0 && steadyMs() - beatMs >= heartbeatMs) beat(nowMs);
  };
}
