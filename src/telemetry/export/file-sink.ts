import { constants } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { SEVERITIES } from '../../model/finding.ts';
import type { AlertSink, SettleEnd } from '../../model/sink.ts';
import { createIdleSignal } from './idle-signal.ts';
import { createReporter } from './rate-limited-report.ts';
import { alertToJson } from './serialize.ts';
import { createSeverityQueue } from './severity-queue.ts';
import { createBooks, type OnReport } from './sink.ts';

export interface FileSinkOptions {
  readonly path: string;
  /** A file that has reached this size becomes `path.1`, the one before `path.2`, and so on. */
  readonly maxBytes: number;
  /** Old files that are kept. */
  readonly keep: number;
  readonly onReport: OnReport;
  readonly capacity?: number;
  /** Between attempts while the file cannot be written. */
  readonly retryMs?: number;
}

interface Line {
  readonly rank: number;
  readonly text: string;
  readonly settle: SettleEnd;
}

const DEFAULT_CAPACITY = 10_000;
const BATCH = 1_024;
const RETRY_MS = 1_000;
const REPORT_INTERVAL_MS = 60_000;
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/** One file that is appended to, and makes room for a new one by itself. All methods reject with the file system's error. */
function createRotatingFile({ path, maxBytes, keep }: FileSinkOptions) {
  let file: FileHandle | undefined;

  async function close(): Promise<void> {
    await file?.close();
    file = undefined;
  }

  async function rotate(): Promise<void> {
    await close();
    for (let number = keep; number > 0; number -= 1) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      await rename(from, `${path}.${number}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  /** Somebody else may have moved the file away. */
  async function isStillThere(): Promise<boolean> {
    const [here, there] = await Promise.all([file?.stat(), stat(path).catch(() => undefined)]);
    return here !== undefined && here.ino === there?.ino;
  }

  return {
    close,
    /** Writes all of it, or none: what was written of a failed attempt is cut off again. */
    async append(text: string): Promise<void> {
      if (file !== undefined && !(await isStillThere())) await close();
      file ??= await open(path, APPEND, 0o600);
      const { size } = await file.stat();
      if (size > 0 && size + text.length > maxBytes && keep > 0) {
        await rotate();
        file = await open(path, APPEND, 0o600);
      }
      const before = (await file.stat()).size;
      try {
        await file.writeFile(text);
        await file.datasync();
      } catch (error) {
        await file.truncate(before).catch(() => {});
        throw error;
      }
    },
  };
}

/** Alerts as JSON lines in a file of mode 0600, synced to disk before they count as delivered, with rotation by size. */
export function createFileSink(options: FileSinkOptions): AlertSink {
  const { path, capacity = DEFAULT_CAPACITY, retryMs = RETRY_MS, onReport } = options;
  const reporter = createReporter({ onReport, intervalMs: REPORT_INTERVAL_MS, now: Date.now });
  const books = createBooks();
  const queue = createSeverityQueue<Line>({
    capacity,
    ranks: SEVERITIES.length,
    rankOf: (line) => line.rank,
  });
  const idle = createIdleSignal();
  const file = createRotatingFile(options);
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function writeBatch(): Promise<void> {
    const lines = queue.take(BATCH);
    try {
      await file.append(lines.map(({ text }) => `${text}\n`).join(''));
      queue.done();
      for (const { settle } of lines) settle('delivered');
      reporter.recovered(() => `alerts are written to ${path} again`);
    } catch (error) {
      queue.retry();
      reporter.problem('write', `alerts cannot be written to ${path}: ${String(error)}; they wait`);
      timer = setTimeout(kick, retryMs).unref();
    }
  }

  async function writeAll(): Promise<void> {
    while (queue.size > 0 && timer === undefined && !closed) await writeBatch();
  }

  function kick(): void {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (queue.size === 0) idle.wake();
    });
  }

  return {
    name: 'file',
    counters: books.counters,
    send(alert, settled) {
      const settle = books.open(settled);
      if (closed) return settle('sink_closed');
      const line = { rank: SEVERITIES.indexOf(alert.severity), text: alertToJson(alert), settle };
      queue.push(line)?.settle('queue_full');
      if (timer === undefined) kick();
    },
    async flush(timeoutMs) {
      if (queue.size > 0) {
        const done = idle.wait(timeoutMs);
        kick();
        await done;
      }
      return queue.size === 0;
    },
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      await writing;
      for (const { settle } of queue.drain()) settle('shutdown');
      await file.close().catch(() => {});
    },
  };
}
