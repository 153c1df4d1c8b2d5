import type { Side, StreamConsumer } from '../model/conversation.ts';
import { SNIFF_BYTES, type StreamProtocol, sniffStream } from './sniff.ts';

/** Makes the consumer of a protocol; undefined when nobody wants to read it. */
export type OpenProtocol = (protocol: StreamProtocol) => StreamConsumer | undefined;

/** What was told before the protocol was known. Small: a few segments of at most SNIFF_BYTES decide. */
type Held = (consumer: StreamConsumer) => void;

/** Held calls and bytes; beyond either the stream is not read. */
const MAX_HELD = 64;
const MAX_HELD_BYTES = 65_536;

/**
 * Holds a stream back until its first bytes tell what it speaks, then hands everything to that protocol's consumer.
 * `serverPort` decides for DNS alone.
 */
export function createStreamRouter(serverPort: number, open: OpenProtocol): StreamConsumer {
  return new Router(serverPort, open);
}

class Router implements StreamConsumer {
  readonly #serverPort: number;
  readonly #open: OpenProtocol;
  readonly #heads: Record<Side, Uint8Array> = { client: new Uint8Array(0), server: new Uint8Array(0) };
  #held: Held[] = [];
  #heldBytes = 0;
  #decided = false;
  #consumer: StreamConsumer | undefined;

  constructor(serverPort: number, open: OpenProtocol) {
    this.#serverPort = serverPort;
    this.#open = open;
  }

  get isDone(): boolean {
    return this.#decided && (this.#consumer === undefined || this.#consumer.isDone === true);
  }
  data(side: Side, bytes: Uint8Array, timeMs: number): void {
    if (this.#decided) {
      this.#consumer?.data(side, bytes, timeMs);
      return;
    }
    const copy = bytes.slice();
    this.#hold((consumer) => consumer.data(side, copy, timeMs));
    this.#heldBytes += copy.length;
    this.#heads[side] = extend(this.#heads[side], copy);
    const protocol = sniffStream(side, this.#heads[side], this.#serverPort);
    if (protocol !== undefined) this.#decide(protocol);
    else this.#giveUpWhenFull();
  }

  gap(side: Side, length: number, aligned: boolean, timeMs: number): void {
    if (this.#decided) this.#consumer?.gap(side, length, aligned, timeMs);
    else {
      this.#hold((consumer) => consumer.gap(side, length, aligned, timeMs));
      this.#giveUpWhenFull();
    }
  }

  end(timeMs: number, reset: boolean): void {
    if (!this.#decided) this.#decide('unknown');
    this.#consumer?.end(timeMs, reset);
  }

  #giveUpWhenFull(): void {
    if (this.#heldBytes > MAX_HELD_BYTES || this.#held.length > MAX_HELD) this.#decide('unknown');
  }

  #hold(call: Held): void {
    this.#held.push(call);
  }

  #decide(protocol: StreamProtocol): void {
    this.#decided = true;
    this.#consumer = this.#open(protocol);
    const held = this.#held;
    this.#held = [];
    if (this.#consumer !== undefined) for (const call of held) call(this.#consumer);
  }
}

function extend(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length >= SNIFF_BYTES) return head;
  const joined = new Uint8Array(Math.min(SNIFF_BYTES, head.length + bytes.length));
  joined.set(head);
  joined.set(bytes.subarray(0, joined.length - head.length), head.length);
  return joined;
}
