import type { OnReport } from './sink.ts';

export interface Reporter {
  /** Reports at most once per interval and topic; says how many were held back since. */
  problem(topic: string, message: string): void;
  /** Reports that all is well again, if a problem was reported since the last time. */
  recovered(message: () => string): void;
}

interface Topic {
  reportedAtMs: number;
  heldBack: number;
}

/** Keeps a lasting or flapping problem from flooding the operator's log. Topics are few and chosen by the caller. */
export function createReporter(options: {
  readonly onReport: OnReport;
  readonly intervalMs: number;
  readonly now: () => number;
}): Reporter {
  const { onReport, intervalMs, now } = options;
  const topics = new Map<string, Topic>();
  let troubled = false;
  return {
    problem(name, message) {
      const topic = topics.get(name);
      const timeMs = now();
      if (topic !== undefined && timeMs - topic.reportedAtMs < intervalMs) {
        topic.heldBack += 1;
        return;
      }
      const repeats = topic?.heldBack ? ` (${topic.heldBack} more since the last report)` : '';
      topics.set(name, { reportedAtMs: timeMs, heldBack: 0 });
      troubled = true;
      onReport({ level: 'error', message: message + repeats });
    },
    recovered(message) {
      if (!troubled) return;
      troubled = false;
      onReport({ level: 'info', message: message() });
    },
  };
}
