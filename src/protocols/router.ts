import type { Side, StreamConsumer } from '../model/conversation.ts';
import { SNIFF_BYTES, type StreamProtocol, sniffStream } from './sniff.ts';

/** Makes the consumer of a protocol; undefined when nobody wants to read it. */
export type OpenProtocol = (protocol: StreamProtocol) => StreamConsumer | undefined;

/** What was told before the protocol was known. Small: a few segments of at most SNIFF_BYTES decide. */
type Held = (consumer: StreamConsumer) => void;

/** Held calls and bytes; beyond either the stream is not read. */
const MAX_HELD = 64;
const MAX_HELD_BYTES = 65_536;
const NO_BYTES: Uint8Array = new Uint8Array(0);

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
  #heads: Readonly<Record<Side, Uint8Array>> | undefined;
  #held: Held[] | undefined;
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
    if (this.#held === undefined) {
      // Nearly always the first bytes tell: they need not be copied then.
      const protocol = sniffStream(side, bytes, this.#serverPort);
      if (protocol !== undefined) {
        this.#decide(protocol);
        this.#consumer?.data(side, bytes, timeMs);
        return;
      }
    }
    this.#holdData(side, bytes.slice(), timeMs);
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

  #holdData(side: Side, bytes: Uint8Array, timeMs: number): void {
    this.#hold((consumer) => consumer.data(side, bytes, timeMs));
    this.#heldBytes += bytes.length;
    const { client, server } = this.#heads ?? { client: NO_BYTES, server: NO_BYTES };
    const head = extend(side === 'client' ? client : server, bytes);
    this.#heads = side === 'client' ? { client: head, server } : { client, server: head };
    const protocol = sniffStream(side, head, this.#serverPort);
    if (protocol !== undefined) this.#decide(protocol);
    else this.#giveUpWhenFull();
  }

  #giveUpWhenFull(): void {
    if (this.#heldBytes > MAX_HELD_BYTES || (this.#held?.length ?? 0) > MAX_HELD) this.#decide('unknown');
  }

  #hold(call: Held): void {
    this.#held ??= [];
    this.#held.push(call);
  }

  #decide(protocol: StreamProtocol): void {
    this.#decided = true;
    this.#consumer = this.#open(protocol);
    const held = this.#held;
    this.#held = undefined;
    this.#heads = undefined;
    if (this.#consumer !== undefined && held !== undefined) for (const call of held) call(this.#consumer);
  }
}

function extend(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length >= SNIFF_BYTES) return head;
  const joined = new Uint8Array(Math.min(SNIFF_BYTES, head.length + bytes.length));
  joined.set(head);
  joined.set(bytes.subarray(0, joined.length - head.length), head.length);
  return joined;
}
