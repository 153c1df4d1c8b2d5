export interface ScanLoopOptions {
  readonly scan: () => Promise<void>;
  readonly pollMs: number;
  readonly onError: (error: unknown) => void;
}

/** Runs `scan` now and then, never twice at once, and keeps no process alive. */
export interface ScanLoop {
  start(): void;
  /** Asks for a scan in `ms`; what is asked for in the meantime is done by the same scan. */
  soon(ms: number): void;
  /** No scan begins after this; resolves when a running one has ended. */
  close(): Promise<void>;
}

export function createScanLoop({ scan, pollMs, onError }: ScanLoopOptions): ScanLoop {
  let state: 'new' | 'started' | 'closed' = 'new';
  let poll: NodeJS.Timeout | undefined;
  let pending: { readonly timer: NodeJS.Timeout; readonly ms: number } | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  async function scanWhileAsked(): Promise<void> {
    do {
      again = false;
      try {
        await scan();
      } catch (error) {
        if (state !== 'closed') onError(error);
      }
    } while (again && state !== 'closed');
    running = undefined;
  }
  function run(): void {
    again = true;
    running ??= scanWhileAsked();
  }
  function soon(ms: number): void {
    again ||= state === 'new';
    if (state !== 'started' || (pending && pending.ms <= ms)) return;
    clearTimeout(pending?.timer);
    const timer = setTimeout(() => {
      pending = undefined;
      run();
    }, ms).unref();
    pending = { timer, ms };
  }
  function start(): void {
    state = 'started';
    poll = setInterval(run, pollMs).unref();
    if (again) run();
  }
  async function close(): Promise<void> {
    state = 'closed';
    clearInterval(poll);
    clearTimeout(pending?.timer);
    await running;
  }
  return { start, soon, close };
}
