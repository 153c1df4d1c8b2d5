import type { Side } from '../../model/conversation.ts';
import {
  FRAME,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  isLegalFrame,
  PREFACE,
  readFrameHeader,
} from './frames.ts';

/** Looks whether a direction begins as a connection begins: a client with the preface, a server with SETTINGS. */
export interface Opening {
  readonly state: 'open' | 'is' | 'is not';
  /** Returns the offset behind the bytes taken. */
  add(bytes: Uint8Array, start: number, end: number): number;
  /** Bytes that were taken and belong to what follows, once it is decided. */
  readonly rest: Uint8Array;
}

/** First SETTINGS frames are short; longer ones only make this observer a late one. */
const MAX_FIRST_SETTINGS = 600;

export function createOpening(side: Side): Opening {
  return side === 'client'
    ? new Beginning(PREFACE.length, isPreface)
    : new Beginning(FRAME_HEADER_BYTES, isSettings);
}

class Beginning implements Opening {
  state: Opening['state'] = 'open';
  readonly #taken: Uint8Array;
  readonly #judge: (taken: Uint8Array) => Opening['state'];
  #used = 0;

  constructor(length: number, judge: (taken: Uint8Array) => Opening['state']) {
    this.#taken = new Uint8Array(length);
    this.#judge = judge;
  }
  get rest(): Uint8Array {
    const isPrefaceTaken = this.state === 'is' && this.#taken.length === PREFACE.length;
    return isPrefaceTaken ? this.#taken.subarray(0, 0) : this.#taken.subarray(0, this.#used);
  }
  add(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.state === 'open') {
      this.#taken[this.#used++] = bytes[at++] as number;
      this.state = this.#judge(this.#taken.subarray(0, this.#used));
    }
    return at;
  }
}

function isPreface(taken: Uint8Array): Opening['state'] {
  const last = taken.length - 1;
  if (taken[last] !== PREFACE[last]) return 'is not';
  return taken.length === PREFACE.length ? 'is' : 'open';
}

function isSettings(taken: Uint8Array): Opening['state'] {
  if (taken.length < FRAME_HEADER_BYTES) return 'open';
  const frame: FrameHeader = { length: 0, type: 0, flags: 0, streamId: 0 };
  readFrameHeader(taken, 0, frame);
  const isFirst = frame.type === FRAME.settings && frame.flags === 0 && frame.length <= MAX_FIRST_SETTINGS;
  return isFirst && isLegalFrame(frame) ? 'is' : 'is not';
}
