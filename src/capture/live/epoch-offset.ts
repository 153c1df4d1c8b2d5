/** A wall clock that is set moves by more than this; what is less is how exactly the clocks were read. */
const STEP_MS = 0.5;

/**
 * What turns the records' monotonic time into epoch time: held still, so that the order of the records and the time
 * between them are the kernel's own, until the wall clock is set. (Slewing moves both clocks alike.)
 */
export class EpochOffset {
  readonly #measure: () => number;
  #heldMs: number;

  constructor(measure: () => number) {
    this.#measure = measure;
    this.#heldMs = measure();
  }

  /** Milliseconds, with a fraction; measures anew. */
  offsetMs(): number {
    const nowMs = this.#measure();
    if (Math.abs(nowMs - this.#heldMs) > STEP_MS) this.#heldMs = nowMs;
    return this.#heldMs;
  }
}
