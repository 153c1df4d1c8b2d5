import { type Notice, sensorNotice } from './notices.ts';

/** Looks at one condition: says what is wrong, undefined when all is well. */
export type SensorCheck = (nowMs: number) => string | undefined;

export interface Watchdog {
  /** Looks at everything; call it about once a second. */
  tick(nowMs: number): void;
  /** Names of the checks that are degraded now. */
  readonly degraded: readonly string[];
}

/** A condition that lasts is told again after this time. */
const REMINDER_MS = 3_600_000;

interface Trouble {
  readonly detail: string;
  readonly toldMs: number;
}

/** Tells when a condition begins, once an hour while it lasts, and when it is over. */
export function createWatchdog(
  checks: Readonly<Record<string, SensorCheck>>,
  notify: (notice: Notice) => void,
): Watchdog {
  const troubles = new Map<string, Trouble>();

  function look(check: string, detail: string | undefined, nowMs: number): void {
    const before = troubles.get(check);
    if (detail === undefined) {
      if (before === undefined) return;
      troubles.delete(check);
      notify(sensorNotice({ check, state: 'recovered', detail: before.detail }, nowMs));
      return;
    }
    if (before !== undefined && Math.abs(nowMs - before.toldMs) < REMINDER_MS) return;
    troubles.set(check, { detail, toldMs: nowMs });
    notify(sensorNotice({ check, state: 'degraded', detail }, nowMs));
  }

  return {
    tick(nowMs) {
      for (const [check, judge] of Object.entries(checks)) look(check, judge(nowMs), nowMs);
    },
    get degraded() {
      return [...troubles.keys()];
    },
  };
}

/** A destination that takes nothing for this long while alerts wait for it is failing. */
const STALLED_MS = 300_000;

/** Whether alerts get through. `sinks` gives the books; time is that of a clock that never steps, in milliseconds. */
export function exportCheck(
  sinks: () => Readonly<Record<string, { delivered: number; pending: number; spooled?: number }>>,
  steadyMs: () => number,
): SensorCheck {
  const progress = new Map<string, { delivered: number; atMs: number }>();
  return () => {
    const stalled: string[] = [];
    for (const [name, { delivered, pending, spooled = 0 }] of Object.entries(sinks())) {
      const before = progress.get(name);
      if (before === undefined || before.delivered !== delivered || pending + spooled === 0)
        progress.set(name, { delivered, atMs: steadyMs() });
      else if (steadyMs() - before.atMs >= STALLED_MS) stalled.push(name);
    }
    return stalled.length === 0
      ? undefined
      : `no alert has reached ${stalled.join(', ')} for ${STALLED_MS / 60_000} minutes, though some wait`;
  };
}

/** More than the steady clock explains: somebody set the clock, or the machine slept. */
const JUMP_MS = 30_000;
/** How long a jump is told as a condition: it is over at once, but times around it are doubtful. */
const JUMP_LASTS_MS = 60_000;

/** Whether the wall clock goes as the steady one does. */
export function clockCheck(steadyMs: () => number): SensorCheck {
  let offsetMs: number | undefined;
  let jump: { text: string; atMs: number } | undefined;
  return (nowMs) => {
    const offset = nowMs - steadyMs();
    const moved = offset - (offsetMs ?? offset);
    // Slow corrections (NTP) are followed.
    offsetMs = offset;
    if (Math.abs(moved) >= JUMP_MS)
      jump = { text: `the clock jumped by ${Math.round(moved / 1000)} s`, atMs: steadyMs() };
    if (jump !== undefined && steadyMs() - jump.atMs >= JUMP_LASTS_MS) jump = undefined;
    return jump?.text;
  };
}
