import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 5;
/** Far more than anything here needs: only a broken program waits this long. */
const DEADLINE_MS = 25_000;

/** Polls until the condition holds; throws, saying what was awaited, when it never does. */
export async function eventually(condition: () => boolean, what: string | (() => string)): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(
        `waited ${DEADLINE_MS / 1000} s in vain for ${typeof what === 'string' ? what : what()}`,
      );
    await pause(POLL_MS);
  }
}
