import type { HttpFacts, Side, StreamConsumer } from '../../model/conversation.ts';
import { PREFACE } from '../http2/frames.ts';
import { type Http1Counters, newHttp1Counters } from './counters.ts';
import { createExchanges, type Exchanges } from './exchanges.ts';
import { createHeldData } from './held-data.ts';
import { createMessageReader, type MessageReader } from './message-reader.ts';

export interface Http1Options {
  /** An exchange ended; `timeMs` is when, `startMs` when its first byte was seen. */
  readonly onExchange: (facts: HttpFacts, timeMs: number, startMs: number) => void;
  /**
   * The connection speaks another protocol from here on: the `upgrade` field of the 101 response in lower case, or
   * `connect`. What follows goes to the consumer that is returned; without one it is passed over.
   */
  readonly onUpgrade?: (protocol: string, exchange: HttpFacts) => StreamConsumer | undefined;
  /** Bound of a head; default 8 KiB. The rest of a longer one is not read, and its message is partial. */
  readonly maxHeadBytes?: number;
  /** Fields kept of a head; default 100. */
  readonly maxHeaders?: number;
  /** Lower-case names of the header fields to keep; default all. */
  readonly headers?: ReadonlySet<string>;
  /** Requests that may wait for their responses; default 128. */
  readonly maxWaiting?: number;
  /** Bytes kept of the beginning of each body; default none. */
  readonly maxBodyBytes?: number;
}

export interface Http1Conversation extends StreamConsumer {
  readonly counters: Readonly<Http1Counters>;
}

/**
 * Reads one HTTP/1 connection and reports every exchange as it ends. Never throws; memory is bounded by the options.
 * A gap should be told before bytes of the other side that were sent after it. Bytes missing at the end of a capture are
 * a gap, too: else a body that lasts until the connection closes counts as whole.
 */
export function createHttp1Conversation(options: Http1Options): Http1Conversation {
  return new Conversation(options);
}

class Conversation implements Http1Conversation {
  readonly counters = newHttp1Counters();
  readonly #onUpgrade: Http1Options['onUpgrade'];
  readonly #held = createHeldData();
  readonly #exchanges: Exchanges;
  readonly #client: MessageReader;
  readonly #server: MessageReader;
  #upgraded: { readonly consumer: StreamConsumer | undefined } | undefined;

  constructor(options: Http1Options) {
    const {
      onExchange,
      onUpgrade,
      headers,
      maxHeadBytes = 8192,
      maxHeaders = 100,
      maxWaiting = 128,
      maxBodyBytes = 0,
    } = options;
    const { counters } = this;
    const choice = { maxHeaders, ...(headers && { names: headers }) };
    this.#onUpgrade = onUpgrade;
    this.#exchanges = createExchanges({
      maxWaiting,
      maxBodyBytes,
      counters,
      onExchange,
      onAsked: () => this.#hold(),
      onRefused: () => this.#goOn(),
      onUpgraded: (protocol, facts) => this.#change(protocol, facts),
    });
    const { requests, responses } = this.#exchanges;
    this.#client = createMessageReader({ side: 'client', maxHeadBytes, choice, counters }, requests);
    this.#server = createMessageReader({ side: 'server', maxHeadBytes, choice, counters }, responses);
  }
  data(side: Side, bytes: Uint8Array, timeMs: number): void {
    if (this.#upgraded !== undefined) this.#pass(side, bytes, timeMs);
    else if (side === 'client') this.#clientData(bytes, timeMs);
    else {
      const read = this.#server.data(bytes, timeMs);
      if (read < bytes.length) this.#pass('server', bytes.subarray(read), timeMs);
    }
  }
  gap(side: Side, length: number, aligned: boolean, timeMs: number): void {
    if (this.#upgraded !== undefined) {
      this.#upgraded.consumer?.gap(side, length, aligned, timeMs);
      return;
    }
    if (side === 'client' && this.#held.holding) this.#goOn();
    (side === 'client' ? this.#client : this.#server).gap(length, aligned, timeMs);
  }
  end(timeMs: number, reset: boolean): void {
    if (this.#upgraded !== undefined) {
      this.#upgraded.consumer?.end(timeMs, reset);
      return;
    }
    if (reset) this.#exchanges.reset();
    if (this.#held.holding) this.#goOn();
    this.#client.end(timeMs);
    this.#server.end(timeMs);
    this.#exchanges.end(timeMs);
  }

  #hold(): void {
    this.#held.hold();
    this.#client.stop();
  }
  #goOn(): void {
    this.#client.resume();
    this.#held.release((bytes, timeMs) => this.#clientData(bytes, timeMs));
  }
  #change(protocol: string, facts: HttpFacts): void {
    this.#upgraded = { consumer: this.#onUpgrade?.(protocol, facts) };
    this.#client.stop();
    this.#server.stop();
    this.#held.release((bytes, timeMs) => this.#pass('client', bytes, timeMs));
  }
  #clientData(bytes: Uint8Array, timeMs: number): void {
    if (!this.#held.holding && beginsHttp2(bytes)) {
      this.#exchanges.acceptLost(timeMs);
      if (this.#upgraded !== undefined) {
        // Of the server, the answer is missing at least, and what was sent behind it.
        this.#upgraded.consumer?.gap('server', 0, false, timeMs);
        this.#pass('client', bytes, timeMs);
        return;
      }
    }
    for (let rest = bytes; ; ) {
      const read = this.#held.holding ? 0 : this.#client.data(rest, timeMs);
      if (read === rest.length) return;
      rest = rest.subarray(read);
      if (this.#held.add(rest, timeMs)) return;
      this.#goOn();
    }
  }
  #pass(side: Side, bytes: Uint8Array, timeMs: number): void {
    if (bytes.length === 0) return;
    if (this.#upgraded?.consumer === undefined) this.counters.unreadBytes += bytes.length;
    else this.#upgraded.consumer.data(side, bytes, timeMs);
  }
}

/** No HTTP/1 request begins like this (RFC 9113, 3.4). */
function beginsHttp2(bytes: Uint8Array): boolean {
  if (bytes.length < PREFACE.length || bytes[0] !== PREFACE[0]) return false;
  return PREFACE.every((byte, at) => bytes[at] === byte);
}
