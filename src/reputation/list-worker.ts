import { parentPort } from 'node:worker_threads';
import { listBuffers, parseBytes } from './parse-bytes.ts';
import type { ParseOptions } from './parsed-list.ts';

/** What the main thread asks for; `bytes` come back with the answer. */
export interface ParseJob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ParseOptions;
}

// Loaded by src/reputation/list-parser.ts in a thread of its own.
parentPort?.on('message', ({ bytes, options }: ParseJob) => {
  const outcome = parseBytes(bytes, options);
  const buffers = outcome.kind === 'parsed' ? listBuffers(outcome.parsed) : [];
  parentPort?.postMessage({ outcome, bytes }, [bytes.buffer, ...buffers]);
});
