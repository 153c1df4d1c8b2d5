/** How well the main thread keeps up. */
export interface EventLoop {
  /** Longest that a timer was late in the last minute, milliseconds. */
  lagMs(): number;
  /** Time at work since the program began, milliseconds. */
  busyMs(): number;
  close(): void;
}

const BEAT_MS = 500;
const KEPT = 120;

/** Watches the event loop by a timer of its own, which keeps no process alive. */
export function watchEventLoop(): EventLoop {
  const late: number[] = [];
  let dueMs = performance.now() + BEAT_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - dueMs));
    if (late.length > KEPT) late.shift();
    dueMs = nowMs + BEAT_MS;
  }, BEAT_MS).unref();
  return {
    // A timer that is due and has not come yet is late as well.
    lagMs: () => Math.max(0, performance.now() - dueMs, ...late),
    busyMs: () => performance.eventLoopUtilization().active,
    close: () => clearInterval(timer),
  };
}
