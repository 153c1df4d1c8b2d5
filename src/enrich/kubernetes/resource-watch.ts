import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ApiError, asApiError, type Failure, failureOf } from './api-error.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import { at, listAt, objectOf, textAt } from './json.ts';
import type { Mirror } from './mirror.ts';
import { collectionPath, type Resource } from './resources.ts';

/** `listing`: for the first time, or anew. `away`: the API does not answer, or refuses; it is tried again. */
export type WatchState = 'listing' | 'watching' | 'away';

export interface WatchCounters {
  state: WatchState;
  /** Whether one list has been read to its end. */
  isComplete: boolean;
  /** Lists read to their end. */
  lists: number;
  /** Changes that a watch told. */
  events: number;
  bookmarks: number;
  /** Objects and lines that could not be understood. */
  malformed: number;
  /** Objects for which there was no room. */
  refused: number;
  readonly failures: Partial<Record<Failure, number>>;
  /** Epoch milliseconds of the last word from the API; 0 for none. */
  lastMs: number;
}

/** Milliseconds; tests make them short. */
export interface WatchTimes {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** How long the server shall keep a watch open, at least; up to twice that, by chance. */
  readonly watchMs: number;
  /** Beyond that a connection without a byte is dead. */
  readonly silenceMs: number;
}

export const WATCH_TIMES: WatchTimes = {
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  watchMs: 300_000,
  silenceMs: 30_000,
};

export interface ResourceWatchOptions<T> {
  readonly client: ApiClient;
  readonly resource: Resource;
  readonly fieldSelector?: string;
  /** Undefined for an object that makes no sense. */
  readonly parse: (object: unknown) => T | undefined;
  readonly mirror: Mirror<T>;
  readonly times: WatchTimes;
  readonly signal: AbortSignal;
  readonly onFailure: (error: ApiError) => void;
  /** The server has taken a watch. */
  readonly onWatching: () => void;
  readonly now: () => number;
}

/** Objects of a page: a page is parsed in one go, which must not hold up the events. */
const PAGE_OBJECTS = 100;
const MAX_PAGE_BYTES = 16 << 20;
/** No object of Kubernetes is larger than 1.5 MiB where it is stored. */
const MAX_LINE_BYTES = 8 << 20;

/**
 * Lists a resource and follows its changes until `signal`, whatever the API does: a broken watch goes on from the last
 * version, a version that is too old is listed anew. What is known meanwhile stays.
 */
export function watchResource<T>(options: ResourceWatchOptions<T>): {
  readonly counters: Readonly<WatchCounters>;
  readonly done: Promise<void>;
} {
  const watch = new ResourceWatch(options);
  return { counters: watch.counters, done: watch.run() };
}

class ResourceWatch<T> {
  readonly counters: WatchCounters = {
    state: 'listing',
    isComplete: false,
    lists: 0,
    events: 0,
    bookmarks: 0,
    malformed: 0,
    refused: 0,
    failures: {},
    lastMs: 0,
  };
  readonly #options: ResourceWatchOptions<T>;
  readonly #backoff: Backoff;
  /** Where the watch goes on; undefined: list first. */
  #version: string | undefined;

  constructor(options: ResourceWatchOptions<T>) {
    this.#options = options;
    const { backoffMinMs: minMs, backoffMaxMs: maxMs } = options.times;
    this.#backoff = createBackoff({ minMs, maxMs });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const waitMs = await this.#round();
      if (waitMs > 0) await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One list, where it is needed, and one watch. Gives how long to wait before the next. */
  async #round(): Promise<number> {
    const { signal, onFailure } = this.#options;
    try {
      this.#version ??= await this.#list();
      // A server that ends watches at once must not be asked without a pause.
      return (await this.#follow(this.#version)) ? 0 : this.#backoff.next();
    } catch (thrown) {
      if (signal.aborted) return 0;
      const error = asApiError(thrown);
      const { failures } = this.counters;
      failures[error.reason] = (failures[error.reason] ?? 0) + 1;
      this.counters.state = error.reason === 'gone' ? 'listing' : 'away';
      if (error.reason === 'gone') this.#version = undefined;
      else onFailure(error);
      return Math.max(this.#backoff.next(), error.retryAfterMs ?? 0);
    }
  }

  /** Reads all pages; the version that they show. */
  async #list(): Promise<string> {
    const { mirror, now } = this.#options;
    this.counters.state = 'listing';
    mirror.beginList();
    let limit = PAGE_OBJECTS;
    let version: string | undefined;
    let next: string | undefined = '';
    while (next !== undefined) {
      const page = await this.#page(limit, next);
      if (page === undefined) {
        limit = Math.ceil(limit / 10);
        continue;
      }
      this.counters.lastMs = now();
      for (const item of listAt(page, 'items')) this.#put(item);
      version = textAt(page, 'metadata', 'resourceVersion');
      next = textAt(page, 'metadata', 'continue');
    }
    if (version === undefined) throw new ApiError('malformed', 'the list has no resourceVersion');
    mirror.endList();
    this.counters.lists += 1;
    this.counters.isComplete = true;
    return version;
  }

  /** The page behind `next`, the first for an empty one. Undefined: too long, and smaller pages may do. */
  async #page(limit: number, next: string): Promise<unknown> {
    const { client, times, signal } = this.#options;
    try {
      return await client.get({
        path: this.#path,
        query: { ...this.#selector, limit: String(limit), ...(next !== '' && { continue: next }) },
        signal,
        silenceMs: times.silenceMs,
        maxBytes: MAX_PAGE_BYTES,
      });
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.reason === 'too_long' && limit > 1) return undefined;
      throw error;
    }
  }

  /** Takes changes until the server ends the watch. Whether the watch was of use. */
  async #follow(version: string): Promise<boolean> {
    const { client, times, signal, now, onWatching } = this.#options;
    const watchMs = times.watchMs * (1 + Math.random());
    const beganMs = now();
    let told = false;
    const lines = await client.watch({
      path: this.#path,
      query: {
        ...this.#selector,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: version,
        timeoutSeconds: String(Math.ceil(watchMs / 1000)),
      },
      signal,
      silenceMs: times.silenceMs,
      quietMs: watchMs + times.silenceMs,
      maxLineBytes: MAX_LINE_BYTES,
    });
    this.counters.state = 'watching';
    onWatching();
    for await (const line of lines) {
      this.counters.lastMs = now();
      if (line !== undefined && line.trim() === '') continue;
      this.#take(line);
      told = true;
      this.#backoff.reset();
    }
    return told || now() - beganMs >= times.backoffMaxMs;
  }

  #take(line: string | undefined): void {
    const event = line === undefined ? undefined : parsed(line);
    const type = textAt(event, 'type');
    const object = at(event, 'object');
    if (type === 'ERROR') throw statusError(object);
    const version = textAt(object, 'metadata', 'resourceVersion');
    if (type === undefined || version === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (type === 'BOOKMARK') this.counters.bookmarks += 1;
    else this.counters.events += 1;
    if (type === 'ADDED' || type === 'MODIFIED') this.#put(object);
    else if (type === 'DELETED') this.#options.mirror.remove(textAt(object, 'metadata', 'uid') ?? '');
    this.#version = version;
  }

  #put(object: unknown): void {
    const { mirror, parse } = this.#options;
    const uid = textAt(object, 'metadata', 'uid');
    const version = textAt(object, 'metadata', 'resourceVersion');
    if (uid === undefined || version === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (mirror.has(uid, version)) return;
    const value = parse(object);
    if (value === undefined) this.counters.malformed += 1;
    else if (!mirror.put(uid, version, value)) this.counters.refused += 1;
  }

  get #path(): string {
    return collectionPath(this.#options.resource);
  }

  get #selector(): Readonly<Record<string, string>> {
    const { fieldSelector } = this.#options;
    return fieldSelector === undefined ? {} : { fieldSelector };
  }
}

function parsed(line: string): unknown {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function statusError(status: unknown): ApiError {
  const code = at(status, 'code');
  const message = textAt(status, 'message') ?? 'the watch failed';
  return new ApiError(failureOf(typeof code === 'number' ? code : 500), message);
}
