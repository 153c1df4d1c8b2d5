import type { HttpFacts, Side, StreamConsumer } from '../../model/conversation.ts';
import { PREFACE } from '../http2/frames.ts';
import { type Http1Counters, newHttp1Counters } from './counters.ts';
import { createExchanges, type Exchanges, type LanguageChange } from './exchanges.ts';
import type { HeaderChoice } from './head.ts';
import { HeldData } from './held-data.ts';
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
  /** Where to count, together with other connections; default: counters of its own. */
  readonly counters?: Http1Counters;
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

const ALL_FIELDS: HeaderChoice = { maxHeaders: 100 };

function choiceOf({ headers, maxHeaders = ALL_FIELDS.maxHeaders }: Http1Options): HeaderChoice {
  if (headers !== undefined) return { maxHeaders, names: headers };
  return maxHeaders === ALL_FIELDS.maxHeaders ? ALL_FIELDS : { maxHeaders };
}

class Conversation implements Http1Conversation, LanguageChange {
  readonly counters: Http1Counters;
  readonly #onUpgrade: Http1Options['onUpgrade'];
  /** While the client waits for leave to change the language. */
  #held: HeldData | undefined;
  readonly #exchanges: Exchanges;
  readonly #client: MessageReader;
  readonly #server: MessageReader;
  #upgraded: { readonly consumer: StreamConsumer | undefined } | undefined;

  constructor(options: Http1Options) {
    const { onExchange, onUpgrade, maxHeadBytes = 8192, maxWaiting = 128, maxBodyBytes = 0 } = options;
    const { counters = newHttp1Counters() } = options;
    const choice = choiceOf(options);
    this.counters = counters;
    this.#onUpgrade = onUpgrade;
    this.#exchanges = createExchanges({ maxWaiting, maxBodyBytes, counters, onExchange, language: this });
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
    // What is released may change the language.
    if (side === 'client') this.refused();
    if (this.#upgraded !== undefined) this.#upgraded.consumer?.gap(side, length, aligned, timeMs);
    else (side === 'client' ? this.#client : this.#server).gap(length, aligned, timeMs);
  }
  end(timeMs: number, reset: boolean): void {
    if (reset && this.#upgraded === undefined) this.#exchanges.reset();
    this.refused();
    if (this.#upgraded !== undefined) {
      this.#upgraded.consumer?.end(timeMs, reset);
      return;
    }
    this.#client.end(timeMs);
    this.#server.end(timeMs);
    this.#exchanges.end(timeMs);
  }
  asked(): void {
    this.#held ??= new HeldData();
    this.#client.stop();
  }
  refused(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#client.resume();
    held.release((bytes, timeMs) => this.#clientData(bytes, timeMs));
  }
  changed(protocol: string, facts: HttpFacts): void {
    this.#upgraded = { consumer: this.#onUpgrade?.(protocol, facts) };
    this.#client.stop();
    this.#server.stop();
    const held = this.#held;
    this.#held = undefined;
    held?.release((bytes, timeMs) => this.#pass('client', bytes, timeMs));
  }

  #clientData(bytes: Uint8Array, timeMs: number): void {
    if (this.#held === undefined && beginsHttp2(bytes)) this.#beginHttp2(timeMs);
    for (let rest = bytes; ; ) {
      // What was held comes in pieces: any of them may have changed the language.
      if (this.#upgraded !== undefined) {
        this.#pass('client', rest, timeMs);
        return;
      }
      const read = this.#held === undefined ? this.#client.data(rest, timeMs) : 0;
      if (read === rest.length) return;
      rest = rest.subarray(read);
      if (this.#held?.add(rest, timeMs) === true) return;
      this.refused();
    }
  }
  /** If the client had asked to, the answer that allowed it was missed. */
  #beginHttp2(timeMs: number): void {
    if (this.#upgraded !== undefined) return;
    this.#exchanges.acceptLost(timeMs);
    this.#tellMissed(timeMs);
  }
  /** Of the server, the answer is missing at least, and what was sent behind it. */
  #tellMissed(timeMs: number): void {
    this.#upgraded?.consumer?.gap('server', 0, false, timeMs);
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
