/** Lets flush() wait until a sink has nothing left to do. */
export interface IdleSignal {
  /** Resolves at the next wake(), or when the time is over. */
  wait(timeoutMs: number): Promise<void>;
  wake(): void;
  /** Somebody waits. */
  readonly awaited: boolean;
}

/** Creates a signal that nobody waits for yet. */
export function createIdleSignal(): IdleSignal {
  const waiters = new Set<() => void>();
  return {
    get awaited() {
      return waiters.size > 0;
    },
    wait(timeoutMs) {
      return new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          waiters.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, timeoutMs);
        waiters.add(finish);
      });
    },
    wake() {
      for (const waiter of waiters) waiter();
    },
  };
}
