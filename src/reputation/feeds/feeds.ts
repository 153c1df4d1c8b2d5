import { type ReportSink, warning } from '../report.ts';
import type { Feed, Fetch, FetchOutcome } from './feed.ts';
import { createFeedFiles, type FeedFiles, type FeedState } from './feed-files.ts';
import { fetchFeed } from './fetch-feed.ts';

export interface FeedsOptions {
  readonly feeds: readonly Feed[];
  /** Where they are kept; see `feedFolder`. */
  readonly folder: string;
  readonly onReport: ReportSink;
  readonly fetch?: Fetch;
  readonly now?: () => number;
  /** 0 to 1. */
  readonly random?: () => number;
}

export interface FeedStatus {
  readonly name: string;
  readonly url: string;
  readonly confirmedMs: number | undefined;
  readonly fetched: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly error: string | undefined;
}

export interface Feeds {
  status(): readonly FeedStatus[];
  /** Resolves when no fetch is under way. */
  settled(): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** The first wait after a failure; it doubles with each further one, up to the interval. */
const FIRST_RETRY_MS = 30_000;
/** Waits differ by as much, so that a fleet does not ask all at once. */
const JITTER = 0.2;
/** A feed that has not been confirmed for so many intervals is stale. */
const STALE_INTERVALS = 3;

/**
 * Fetches feeds into files, which are loaded like any other list: what the server sends wrong is refused there, and the
 * last good version stays in use. Rejects only when the folder cannot be made.
 */
export async function openFeeds(options: FeedsOptions): Promise<Feeds> {
  const files = createFeedFiles(options.folder);
  await files.prepare(options.feeds);
  const stop = new AbortController();
  const runners = options.feeds.map((feed) => createRunner(feed, { ...options, files, signal: stop.signal }));
  for (const runner of runners) runner.start();
  const settled = async (): Promise<void> => {
    await Promise.all(runners.map((runner) => runner.settled()));
  };
  return {
    status: () => runners.map((runner) => runner.status()),
    settled,
    async close() {
      stop.abort();
      await settled();
      for (const runner of runners) runner.end();
    },
  };
}

interface RunnerOptions extends FeedsOptions {
  readonly files: FeedFiles;
  readonly signal: AbortSignal;
}

function createRunner(feed: Feed, options: RunnerOptions) {
  const { files, signal, onReport, fetch = fetchFeed, now = Date.now, random = Math.random } = options;
  const counts = { fetched: 0, unchanged: 0, failed: 0 };
  let state: FeedState | undefined;
  let error: string | undefined;
  let failures = 0;
  let isStale = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  const jittered = (ms: number): number => ms * (1 + JITTER * (2 * random() - 1));
  function schedule(ms: number): void {
    if (signal.aborted) return;
    timer = setTimeout(() => {
      running = fetchOnce();
    }, ms).unref();
  }
  async function start(): Promise<void> {
    state = await files.stateOf(feed);
    const age = state === undefined ? Number.POSITIVE_INFINITY : now() - state.confirmedMs;
    // A restart is no reason to ask again for what is fresh; a feed that is not at hand is wanted now.
    schedule(age >= feed.intervalMs || age < 0 ? 0 : jittered(feed.intervalMs - age));
  }
  async function fetchOnce(): Promise<void> {
    const outcome = await fetch(feed, state?.validators ?? {}, signal);
    if (signal.aborted) return;
    const problem = outcome.kind === 'failed' ? outcome.reason : await take(outcome);
    if (problem === undefined) succeed();
    else fail(problem, outcome);
  }
  /** Why it could not be kept. */
  async function take(outcome: Exclude<FetchOutcome, { kind: 'failed' }>): Promise<string | undefined> {
    const validators = outcome.kind === 'new' ? outcome.validators : (state?.validators ?? {});
    const next = { url: feed.url, validators, confirmedMs: now() };
    try {
      await files.save(feed, next, outcome.kind === 'new' ? outcome.bytes : undefined);
    } catch (problem) {
      return `cannot be kept: ${problem instanceof Error ? problem.message : String(problem)}`;
    }
    state = next;
    counts[outcome.kind === 'new' ? 'fetched' : 'unchanged']++;
    return undefined;
  }
  function succeed(): void {
    if (error !== undefined)
      onReport({ level: 'info', file: feed.name, message: `feed ${feed.name}: fetched again` });
    [error, failures, isStale] = [undefined, 0, false];
    schedule(jittered(feed.intervalMs));
  }
  function fail(reason: string, outcome: FetchOutcome): void {
    counts.failed++;
    if (reason !== error) onReport(warning(`feed ${feed.name}`, `${reason}; ${keptText(state)}`));
    error = reason;
    tellStale();
    const backOff = Math.min(FIRST_RETRY_MS * 2 ** failures++, feed.intervalMs);
    const asked = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0;
    schedule(Math.max(jittered(backOff), asked));
  }
  function tellStale(): void {
    if (isStale || state === undefined || now() - state.confirmedMs < STALE_INTERVALS * feed.intervalMs)
      return;
    isStale = true;
    const since = new Date(state.confirmedMs).toISOString();
    const message = `the feed is stale: the server last confirmed it ${since}; it stays in use`;
    onReport({ ...warning(`feed ${feed.name}`, message), health: 'stale' });
  }
  return {
    start: () => {
      running = start();
    },
    status: (): FeedStatus => ({
      name: feed.name,
      url: feed.url,
      confirmedMs: state?.confirmedMs,
      ...counts,
      error,
    }),
    settled: () => running,
    end: () => clearTimeout(timer),
  };
}

function keptText(state: FeedState | undefined): string {
  return state === undefined ? 'nothing is at hand' : 'the version at hand stays in use';
}
