import { setTimeout as pause } from 'node:timers/promises';
import type { OutputLine } from '../test/support/telegen.ts';
import { type Expected, fits } from './story.ts';

/** Only a broken telegen takes this long to report what it saw. */
const PATIENCE_MS = 15_000;
const POLL_MS = 20;

export interface LedgerOptions {
  /** All alerts so far, in order. */
  readonly alerts: () => readonly OutputLine[];
  /** Called once for each alert. */
  readonly onAlert: (alert: OutputLine) => void;
  readonly patienceMs?: number;
}

export interface Verdict {
  readonly pass: boolean;
  readonly expected: number;
  readonly seen: number;
  readonly missing: readonly Expected[];
  readonly unasked: readonly OutputLine[];
}

/** Keeps apart what was expected, what came, and what came unasked. */
export interface Ledger {
  expect(alerts: readonly Expected[]): void;
  /** Waits until everything that was expected has come, or patience is over. */
  settle(): Promise<void>;
  verdict(): Verdict;
}

export function createLedger({ alerts, onAlert, patienceMs = PATIENCE_MS }: LedgerOptions): Ledger {
  let seen = 0;
  let expected = 0;
  let missing: readonly Expected[] = [];
  let unasked: readonly OutputLine[] = [];

  function take(): void {
    for (const alert of alerts().slice(seen)) {
      seen += 1;
      onAlert(alert);
      const index = missing.findIndex((each) => fits(alert, each));
      if (index >= 0) missing = missing.toSpliced(index, 1);
      else unasked = [...unasked, alert];
    }
  }

  return {
    expect(more) {
      expected += more.length;
      missing = [...missing, ...more];
    },
    async settle() {
      const deadline = performance.now() + patienceMs;
      for (take(); missing.length > 0 && performance.now() < deadline; take()) await pause(POLL_MS);
    },
    verdict() {
      take();
      return { pass: missing.length === 0 && unasked.length === 0, expected, seen, missing, unasked };
    },
  };
}
