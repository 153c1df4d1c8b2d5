import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { type ApiError, asApiError, type Failure } from './api-error.ts';
import { createBackoff } from './backoff.ts';
import { listAt, objectOf, textAt } from './json.ts';
import type { WatchTimes } from './resource-watch.ts';
import { JOBS, objectPath } from './resources.ts';

export interface Job {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

/** Asks which CronJob made a Job, one after the other. */
export interface CronJobs {
  ask(job: Job): void;
  readonly counters: Readonly<CronJobsCounters>;
}

/** `refused`: there was no room to wait. */
export interface CronJobsCounters {
  asked: number;
  failed: number;
  refused: number;
}

export interface CronJobsOptions {
  readonly client: ApiClient;
  readonly times: WatchTimes;
  readonly signal: AbortSignal;
  /** Undefined: no CronJob made it, or it cannot be known any more. */
  readonly onAnswer: (jobUid: string, cronJob: string | undefined) => void;
  readonly onFailure: (error: ApiError) => void;
}

/** Jobs that wait to be asked about; those of a node are few. */
const MAX_WAITING = 1_024;
const MAX_BYTES = 4 << 20;
/** Asking again would bring the same answer. */
const FINAL: readonly Failure[] = ['not_found', 'forbidden', 'malformed', 'too_long'];

/** Nothing is asked before the first `ask`. */
export function createCronJobs(options: CronJobsOptions): CronJobs {
  const { client, times, signal, onAnswer, onFailure } = options;
  const waiting = new Map<string, Job>();
  const counters = { asked: 0, failed: 0, refused: 0 };
  const backoff = createBackoff({ minMs: times.backoffMinMs, maxMs: times.backoffMaxMs });
  let isRunning = false;

  async function askOne(job: Job): Promise<void> {
    try {
      const path = objectPath(JOBS, job.name, job.namespace);
      counters.asked += 1;
      const object = await client.get({ path, signal, silenceMs: times.silenceMs, maxBytes: MAX_BYTES });
      // A Job of the same name that came later has another maker.
      const isSame = textAt(object, 'metadata', 'uid') === job.uid;
      settle(job, isSame ? makerOf(object) : undefined);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asApiError(thrown);
      counters.failed += 1;
      if (FINAL.includes(error.reason)) settle(job, undefined);
      if (error.reason !== 'not_found') onFailure(error);
      if (!FINAL.includes(error.reason))
        await delay(Math.max(backoff.next(), error.retryAfterMs ?? 0), undefined, {
          signal,
          ref: false,
        }).catch(() => undefined);
    }
  }

  function settle(job: Job, cronJob: string | undefined): void {
    backoff.reset();
    waiting.delete(job.uid);
    onAnswer(job.uid, cronJob);
  }

  async function run(): Promise<void> {
    isRunning = true;
    for (let [job] = waiting.values(); job !== undefined && !signal.aborted; [job] = waiting.values())
      await askOne(job);
    isRunning = false;
  }

  return {
    counters,
    ask(job) {
      if (waiting.has(job.uid)) return;
      if (waiting.size >= MAX_WAITING) {
        counters.refused += 1;
        return;
      }
      waiting.set(job.uid, job);
      if (!isRunning) void run();
    },
  };
}

function makerOf(job: unknown): string | undefined {
  const maker = listAt(job, 'metadata', 'ownerReferences').find(
    (each) => objectOf(each)?.controller === true && textAt(each, 'kind') === 'CronJob',
  );
  return textAt(maker, 'name');
}
