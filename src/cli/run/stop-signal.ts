const STOP = ['SIGINT', 'SIGTERM'] as const;

export interface StopOptions {
  /** SIGHUP asks to reload; from a terminal that closes it asks to stop. */
  readonly onHangup: () => void;
  readonly isTerminal: boolean;
}

/** Resolves at the first request to stop; a second one ends the process at once. */
export function untilStopped({ onHangup, isTerminal }: StopOptions): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    function stop(signal: NodeJS.Signals): void {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    }
    for (const signal of STOP) process.on(signal, () => stop(signal));
    process.on('SIGHUP', () => {
      if (isTerminal) stop('SIGHUP');
      else onHangup();
    });
  });
}
