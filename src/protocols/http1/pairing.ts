/** A request that waits for its response. */
export interface Waiting {
  /** When its first byte was seen. */
  readonly startMs: number;
}

/**
 * Which request a response belongs to: the oldest that waits. What was not seen of a direction puts this in doubt:
 *
 * - A hole stands for requests that were not seen: `min` at least, more when `open`.
 * - Responses that were not seen took requests with them: `min` at least.
 *
 * In doubt, a response goes to the newest request as long as this client seems to wait for one response before the next
 * request, as nearly all do. One that was seen to send two in a row has lost this trust: then a response goes to the only
 * request that can be meant, or to none, and what waits is given up. A wrong pair is worse than none. Trust comes back
 * with an exchange and the next request seen without doubt, or several in turn with doubt; never after a proof. (What
 * stays wrong is a client that pipelines, and of whose requests so far no two in a row were seen.)
 */
export interface Pairing<R extends Waiting> {
  request(request: R): void;
  /** The last request ended at `timeMs`. */
  requestEnded(timeMs: number): void;
  /** The request that the response beginning now answers. */
  response(): R | undefined;
  lostRequests(min: 0 | 1): void;
  lostResponses(min: 0 | 1): void;
  /** All that still wait; none does afterwards. */
  drain(): R[];
}

export interface PairingOptions<R> {
  readonly maxWaiting: number;
  /** Takes a request whose response cannot be told from others, or for which there is no room. */
  readonly giveUp: (request: R) => void;
}

interface Hole {
  min: number;
  open: boolean;
}
type Item<R> = { readonly request: R } | { readonly hole: Hole };

/** Turns of request and response after which a client seems to wait again; one without doubt counts for all. */
const SURE_TURNS = 3;

export function createPairing<R extends Waiting>(options: PairingOptions<R>): Pairing<R> {
  return new Queue(options);
}

class Queue<R extends Waiting> implements Pairing<R> {
  readonly #options: PairingOptions<R>;
  readonly #items: Item<R>[] = [];
  /** Responses may have been lost: the front need not be the one that is answered next. */
  #inDoubt = false;
  /** Known to send requests without waiting for responses. */
  #pipelines = false;
  /** Sent a request when no response had been seen to the one before. */
  #mayPipeline = false;
  #turns = 0;
  /** Responses since the last request; before the first one, so many that it says nothing. */
  #answers = 2;
  /** Responses without a request since the last request: those of a hole that is not told yet. */
  #unasked = 0;
  #lastEndMs = Number.NaN;

  constructor(options: PairingOptions<R>) {
    this.#options = options;
  }
  request(request: R): void {
    const atOnce = request.startMs === this.#lastEndMs;
    if (atOnce && this.#newestIsRequest()) this.#pipelines = true;
    this.#takeTurn();
    this.#unasked = 0;
    this.#lastEndMs = Number.NaN;
    if (this.#items.length < this.#options.maxWaiting) this.#items.push({ request });
    else {
      this.#options.giveUp(request);
      this.#addHole(1, false);
    }
  }
  requestEnded(timeMs: number): void {
    this.#lastEndMs = timeMs;
  }
  response(): R | undefined {
    this.#answers++;
    this.#dropSpentHole();
    const first = this.#items[0];
    if (first === undefined) {
      this.#unasked++;
      if (!this.#pipelines) this.#inDoubt = false;
      return undefined;
    }
    if (this.#inDoubt || ('hole' in first && first.hole.min === 0)) return this.#doubtful();
    if ('hole' in first) first.hole.min--;
    else if (this.#items.length === 1) this.#items.pop();
    else this.#items.shift();
    // It was sent before this answer to an older one.
    if (this.#newestIsRequest()) this.#pipelines = true;
    return 'request' in first ? first.request : undefined;
  }
  lostRequests(min: 0 | 1): void {
    this.#addHole(Math.max(0, min - this.#unasked), true);
    this.#unasked = 0;
  }
  lostResponses(min: 0 | 1): void {
    this.#inDoubt = true;
    const first = this.#items[0];
    if (min === 0 || first === undefined) return;
    if ('hole' in first) first.hole.min = Math.max(0, first.hole.min - 1);
    else this.#release(this.#items.shift());
  }
  drain(): R[] {
    return this.#items.splice(0).flatMap((item) => ('request' in item ? [item.request] : []));
  }

  #newestIsRequest(): boolean {
    const newest = this.#items.at(-1);
    return newest !== undefined && 'request' in newest;
  }
  #takeTurn(): void {
    const hasDoubt = this.#inDoubt || this.#items.some((item) => 'hole' in item);
    if (this.#answers === 0) {
      this.#mayPipeline = true;
      this.#turns = 0;
    } else if (this.#answers === 1) {
      this.#turns += hasDoubt ? 1 : SURE_TURNS;
      if (this.#turns >= SURE_TURNS) this.#mayPipeline = false;
    }
    this.#answers = 0;
  }
  #addHole(min: number, open: boolean): void {
    const newest = this.#items.at(-1);
    if (newest !== undefined && 'hole' in newest) {
      newest.hole.min += min;
      newest.hole.open ||= open;
    } else this.#items.push({ hole: { min, open } });
  }
  #release(item: Item<R> | undefined): void {
    if (item !== undefined && 'request' in item) this.#options.giveUp(item.request);
  }
  #releaseAll(): void {
    for (const item of this.#items.splice(0)) this.#release(item);
  }
  #dropSpentHole(): void {
    const first = this.#items[0];
    if (first !== undefined && 'hole' in first && first.hole.min === 0 && !first.hole.open)
      this.#items.shift();
  }
  #doubtful(): R | undefined {
    const waits = !this.#pipelines && !this.#mayPipeline;
    if (!waits && this.#items.some((item) => 'hole' in item)) {
      this.#releaseAll();
      this.#items.push({ hole: { min: 0, open: true } });
      return undefined;
    }
    if (!waits && this.#items.length > 1) {
      this.#release(this.#items.shift());
      return undefined;
    }
    const newest = this.#items.pop();
    this.#releaseAll();
    this.#inDoubt = false;
    return newest !== undefined && 'request' in newest ? newest.request : undefined;
  }
}
