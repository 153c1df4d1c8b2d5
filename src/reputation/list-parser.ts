import { Worker } from 'node:worker_threads';
import type { ParseJob } from './list-worker.ts';
import { type ParseOutcome, parseBytes } from './parse-bytes.ts';
import type { ParseOptions } from './parsed-list.ts';

/** Reads lists without holding up the thread that watches the network. */
export interface ListParser {
  /** Takes `bytes` over and gives them back. Never rejects. */
  parse(bytes: Uint8Array<ArrayBuffer>, options: ParseOptions): Promise<ParserAnswer>;
  close(): Promise<void>;
}

export interface ParserAnswer {
  readonly outcome: ParseOutcome;
  /** What was read; undefined when the reader came to grief. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

export interface ListParserOptions {
  /** Smaller files are read at once: they take less time than asking another thread. */
  readonly inlineBytes?: number;
  /** A list that takes longer is refused. */
  readonly timeoutMs?: number;
  /** The thread ends when there is nothing to do for so long, and its memory is free. */
  readonly idleMs?: number;
  readonly worker?: URL;
}

const MAX_HEAP_MB = 1024;
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './list-worker.ts' : './list-worker.js',
  import.meta.url,
);

/** One thread, started when there is a list that is worth it; one list at a time. */
export function createListParser(options: ListParserOptions = {}): ListParser {
  const { inlineBytes = 32_768, timeoutMs = 60_000, idleMs = 2_000, worker: file = WORKER } = options;
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  async function end(): Promise<void> {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  }
  async function ask(job: ParseJob): Promise<ParserAnswer> {
    clearTimeout(idle);
    worker ??= new Worker(file, {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      // Options of the program that worker threads do not take would keep it from starting.
      execArgv: [],
    });
    const answer = await answerOf(worker, job, timeoutMs);
    if (answer.bytes === undefined) await end();
    else idle = setTimeout(() => void end(), idleMs).unref();
    return answer;
  }
  return {
    parse(bytes, parseOptions) {
      if (bytes.length <= inlineBytes)
        return Promise.resolve({ outcome: parseBytes(bytes, parseOptions), bytes });
      const answer = queue.then(() => ask({ bytes, options: parseOptions }));
      queue = answer;
      return answer;
    },
    async close() {
      await end();
      await queue;
      await end();
    },
  };
}

function answerOf(worker: Worker, job: ParseJob, timeoutMs: number): Promise<ParserAnswer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => fail(`reading took longer than ${timeoutMs / 1000} s`), timeoutMs);
    const onError = (error: Error) => fail(`reading failed: ${error.message}`);
    const onExit = () => fail('reading was ended');
    function settle(answer: ParserAnswer): void {
      clearTimeout(timer);
      worker.off('message', settle).off('error', onError).off('exit', onExit);
      resolve(answer);
    }
    function fail(reason: string): void {
      settle({ outcome: { kind: 'refused', reason }, bytes: undefined });
    }
    worker.on('message', settle).on('error', onError).on('exit', onExit);
    worker.postMessage(job, [job.bytes.buffer]);
  });
}
