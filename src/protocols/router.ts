import type { Side, StreamConsumer } from '../model/conversation.ts';
import { proxyHeaderSize } from './proxy-header.ts';
import { type StreamProtocol, sniffStream } from './sniff.ts';
import { CLIENT_START, extendHead, SERVER_START, type StreamHead, sniffable } from './stream-head.ts';

/** Makes the consumer of a protocol; undefined when nobody wants to read it. */
export type OpenProtocol = (protocol: StreamProtocol) => StreamConsumer | undefined;

/** What was told before the protocol was known. Small: a few segments of at most SNIFF_BYTES decide. */
type Held = (consumer: StreamConsumer) => void;

/** Held calls and bytes; beyond either the stream is not read. */
const MAX_HELD = 64;
/** A PROXY header may be cut, too, into as many pieces as its line has bytes. */
const MAX_HELD_PROXIED = MAX_HELD + 107;
const MAX_HELD_BYTES = 65_536;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Holds a stream back until its first bytes tell what it speaks, then hands everything to that protocol's consumer, but for a
 * PROXY header in front, and empty lines that came before anything else. `serverPort` decides for DNS alone.
 */
export function createStreamRouter(serverPort: number, open: OpenProtocol): StreamConsumer {
  return new Router(serverPort, open);
}

class Router implements StreamConsumer {
  readonly #serverPort: number;
  readonly #open: OpenProtocol;
  #client = CLIENT_START;
  #server = SERVER_START;
  #held: Held[] | undefined;
  #heldBytes = 0;
  #hasGap = false;
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
      const header = side === 'client' ? proxyHeaderSize(bytes) : 0;
      const spoken = header === undefined ? NO_BYTES : behind(bytes, header);
      const protocol = sniffStream(side, spoken, this.#serverPort);
      if (protocol !== undefined) {
        this.#decide(protocol);
        this.#consumer?.data(side, spoken, timeMs);
        return;
      }
    }
    this.#holdData(side, bytes.slice(), timeMs);
  }

  gap(side: Side, length: number, aligned: boolean, timeMs: number): void {
    if (this.#decided) this.#consumer?.gap(side, length, aligned, timeMs);
    else {
      this.#hasGap = true;
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
    const head = extendHead(side === 'client' ? this.#client : this.#server, bytes);
    if (side === 'client') this.#client = head;
    else this.#server = head;
    if (this.#server === SERVER_START && isOfEmptyLines(head) && !this.#hasGap) {
      this.#held = undefined;
      this.#heldBytes = 0;
      return;
    }
    const protocol = sniffStream(side, sniffable(head), this.#serverPort);
    if (protocol !== undefined) this.#decide(protocol);
    else this.#giveUpWhenFull();
  }

  #giveUpWhenFull(): void {
    const most = this.#client.header === 0 ? MAX_HELD : MAX_HELD_PROXIED;
    if (this.#heldBytes > MAX_HELD_BYTES || (this.#held?.length ?? 0) > most) this.#decide('unknown');
  }

  #hold(call: Held): void {
    this.#held ??= [];
    this.#held.push(call);
  }

  #decide(protocol: StreamProtocol): void {
    this.#decided = true;
    this.#consumer = this.#open(protocol);
    const held = this.#held;
    const header = this.#client.header ?? 0;
    this.#held = undefined;
    this.#client = CLIENT_START;
    this.#server = SERVER_START;
    if (this.#consumer === undefined || held === undefined) return;
    const consumer = header === 0 ? this.#consumer : withoutHeader(this.#consumer, header);
    for (const call of held) call(consumer);
  }
}

/** All that a client said so far, and no beginning of a PROXY header. */
function isOfEmptyLines({ header, bytes }: StreamHead): boolean {
  return header === 0 && bytes.length === 0;
}

function behind(bytes: Uint8Array, header: number): Uint8Array {
  return header === 0 ? bytes : bytes.subarray(header);
}

/** Hands on all but the client's first `size` bytes. */
function withoutHeader(consumer: StreamConsumer, size: number): StreamConsumer {
  let left = size;
  return {
    data: (side, bytes, timeMs) => {
      const passed = side === 'client' ? Math.min(left, bytes.length) : 0;
      left -= passed;
      if (passed === 0 || passed < bytes.length) consumer.data(side, bytes.subarray(passed), timeMs);
    },
    gap: (side, length, aligned, timeMs) => consumer.gap(side, length, aligned, timeMs),
    end: (timeMs, reset) => consumer.end(timeMs, reset),
  };
}
