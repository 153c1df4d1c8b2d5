import type { HttpFacts } from '../../model/conversation.ts';
import { type BodyHead, createBodyHead } from '../body-head.ts';
import type { Http1Counters } from './counters.ts';
import { type Exchange, exchangeFacts, newExchange } from './exchange.ts';
import { type Framing, requestFraming, responseFraming } from './framing.ts';
import type { Head } from './head.ts';
import type { MessageSink } from './message-reader.ts';
import { createPairing, type Pairing } from './pairing.ts';

export interface ExchangesOptions {
  readonly maxWaiting: number;
  /** Of each body, from its beginning; 0 keeps none. */
  readonly maxBodyBytes: number;
  readonly counters: Http1Counters;
  readonly onExchange: (facts: HttpFacts, timeMs: number, startMs: number) => void;
  readonly language: LanguageChange;
}

/** Told when a connection may go on in another protocol. */
export interface LanguageChange {
  /** A request ended that asks for another protocol: what follows is held until it is answered. */
  asked(): void;
  /** It was answered, or will not be. */
  refused(): void;
  /** From behind this response head on, the connection speaks `protocol`. */
  changed(protocol: string, facts: HttpFacts): void;
}

/** Puts the messages of both directions together. */
export interface Exchanges {
  readonly requests: MessageSink;
  readonly responses: MessageSink;
  /** Reports what still is open, after both directions have ended. */
  end(timeMs: number): void;
  /** The client speaks HTTP/2 now. If it had asked to, the response that allowed it was missed. */
  acceptLost(timeMs: number): void;
  /** From here on what is open ends by a reset. */
  reset(): void;
}

/** HTTP/2 without TLS, as a request asks for it. */
const HTTP2 = 'h2c';

export function createExchanges(options: ExchangesOptions): Exchanges {
  return new Book(options);
}

/** The two directions of a book. Classes, not closures: there is one of each for every connection. */
class Requests implements MessageSink {
  readonly #book: Book;

  constructor(book: Book) {
    this.#book = book;
  }
  head(head: Head, startMs: number, timeMs: number): Framing {
    return this.#book.beginRequest(head, startMs, timeMs);
  }
  body(): BodyHead | undefined {
    return this.#book.keepBody('requestBody');
  }
  progress(): void {}
  end(bodyBytes: number | undefined, whole: boolean, timeMs: number): void {
    this.#book.endRequest(bodyBytes, whole, timeMs);
  }
  lost(min: 0 | 1, timeMs: number): void {
    this.#book.lost('lostRequests', min, timeMs);
  }
}

class Responses implements MessageSink {
  readonly #book: Book;

  constructor(book: Book) {
    this.#book = book;
  }
  head(head: Head, startMs: number, timeMs: number): Framing {
    return this.#book.beginResponse(head, startMs, timeMs);
  }
  body(): BodyHead | undefined {
    return this.#book.keepBody('responseBody');
  }
  progress(timeMs: number): void {
    this.#book.progress(timeMs);
  }
  end(bodyBytes: number | undefined, whole: boolean, timeMs: number): void {
    this.#book.endResponse(bodyBytes, whole, timeMs);
  }
  lost(min: 0 | 1, timeMs: number): void {
    this.#book.lost('lostResponses', min, timeMs);
  }
}

class Book implements Exchanges {
  readonly requests: MessageSink;
  readonly responses: MessageSink;
  readonly #options: ExchangesOptions;
  readonly #pairing: Pairing<Exchange>;
  #request: Exchange | undefined;
  #response: Exchange | undefined;
  /** The request that asked for another protocol. */
  #asking: Exchange | undefined;
  /** The last request that asked for HTTP/2. */
  #askedHttp2: Exchange | undefined;
  /** Not every response on this connection need be final: one that was missed may have been interim. */
  #hasInterim = false;
  #isReset = false;
  /** When responses may last have been lost. */
  #lostMs = Number.NEGATIVE_INFINITY;
  #nowMs = 0;

  constructor(options: ExchangesOptions) {
    this.#options = options;
    const { maxWaiting } = options;
    this.#pairing = createPairing({ maxWaiting, giveUp: (exchange) => this.#giveUp(exchange) });
    this.requests = new Requests(this);
    this.responses = new Responses(this);
  }
  reset(): void {
    this.#isReset = true;
  }
  acceptLost(timeMs: number): void {
    const asked = this.#askedHttp2;
    if (asked === undefined) return;
    this.#nowMs = timeMs;
    this.#request = undefined;
    this.#response = undefined;
    asked.partial = true;
    // It may have been given up with the response.
    const facts = asked.reported ? exchangeFacts(asked, 'upgraded') : this.#report(asked, 'upgraded');
    this.#options.language.changed(HTTP2, facts);
  }
  end(timeMs: number): void {
    this.#nowMs = timeMs;
    for (const exchange of this.#pairing.drain()) {
      // It may have been answered.
      exchange.partial ||= exchange.startMs <= this.#lostMs;
      exchange.requestDone = true;
      exchange.responseDone = true;
      this.#reportWhenDone(exchange);
    }
  }

  beginRequest(head: Head, startMs: number, timeMs: number): Framing {
    this.#nowMs = timeMs;
    this.#count(head);
    this.#request = newExchange(startMs);
    this.#request.request = head;
    if (head.expects) this.#hasInterim = true;
    this.#pairing.request(this.#request);
    return head.line.method === 'CONNECT' && head.whole ? 0 : requestFraming(head);
  }
  endRequest(bodyBytes: number | undefined, whole: boolean, timeMs: number): void {
    this.#nowMs = timeMs;
    const ended = this.#request;
    this.#request = undefined;
    if (ended === undefined) return;
    this.#pairing.requestEnded(timeMs);
    ended.requestDone = true;
    ended.requestBodyBytes = bodyBytes;
    ended.partial ||= !whole;
    if (ended.request?.upgrade?.toLowerCase() === HTTP2) this.#askedHttp2 = ended;
    const asks = ended.request?.line.method === 'CONNECT' || ended.request?.upgrade !== undefined;
    if (asks && whole && !ended.responseDone && ended.response === undefined) {
      this.#asking = ended;
      this.#options.language.asked();
    }
    this.#reportWhenDone(ended);
  }
  beginResponse(head: Head, startMs: number, timeMs: number): Framing {
    this.#nowMs = timeMs;
    this.#count(head);
    const status = head.line.statusCode ?? 0;
    this.#response = undefined;
    if (status < 200 && status !== 101) {
      this.#hasInterim = true;
      return head.whole ? 0 : 'unknown';
    }
    const answered = this.#pairing.response() ?? this.#unasked(startMs, timeMs);
    this.#response = answered;
    answered.response = head;
    answered.lastMs = timeMs;
    const method = answered.request?.line.method;
    if (head.whole && (status === 101 || (method === 'CONNECT' && status < 300))) {
      return this.#upgrade(answered, head);
    }
    if (this.#asking === answered) this.#refuse();
    return responseFraming(head, method);
  }
  endResponse(bodyBytes: number | undefined, whole: boolean, timeMs: number): void {
    this.#nowMs = timeMs;
    const ended = this.#response;
    this.#response = undefined;
    if (ended === undefined) return;
    ended.responseDone = true;
    ended.responseBodyBytes = bodyBytes;
    ended.partial ||= !whole;
    this.#reportWhenDone(ended);
  }
  lost(from: 'lostRequests' | 'lostResponses', min: 0 | 1, timeMs: number): void {
    this.#nowMs = timeMs;
    this.#options.counters.losses++;
    if (from === 'lostResponses') this.#lostMs = timeMs;
    this.#pairing[from](from === 'lostResponses' && this.#hasInterim ? 0 : min);
    if (this.#asking !== undefined && from === 'lostResponses') this.#refuse();
  }

  progress(timeMs: number): void {
    if (this.#response !== undefined) this.#response.lastMs = timeMs;
  }
  keepBody(which: 'requestBody' | 'responseBody'): BodyHead | undefined {
    const { maxBodyBytes } = this.#options;
    if (maxBodyBytes === 0) return undefined;
    const exchange = which === 'requestBody' ? this.#request : this.#response;
    if (exchange === undefined) return undefined;
    exchange[which] = createBodyHead(maxBodyBytes);
    return exchange[which];
  }
  #unasked(startMs: number, timeMs: number): Exchange {
    this.#options.counters.unasked++;
    // It may be the answer to one that waits.
    this.#lostMs = timeMs;
    const exchange = newExchange(startMs);
    exchange.requestDone = true;
    exchange.partial = true;
    return exchange;
  }
  #giveUp(exchange: Exchange): void {
    this.#options.counters.givenUp++;
    exchange.partial = true;
    exchange.responseDone = true;
    if (exchange === this.#asking) this.#refuse();
    this.#reportWhenDone(exchange);
  }
  #refuse(): void {
    this.#asking = undefined;
    this.#options.language.refused();
  }
  #upgrade(exchange: Exchange, head: Head): Framing {
    this.#response = undefined;
    this.#request = undefined;
    const isConnect = exchange.request?.line.method === 'CONNECT';
    const protocol = isConnect ? 'connect' : (head.upgrade?.toLowerCase() ?? 'unknown');
    this.#options.language.changed(protocol, this.#report(exchange, 'upgraded'));
    return 0;
  }
  #reportWhenDone(exchange: Exchange): void {
    if (!exchange.requestDone || !exchange.responseDone || exchange.reported) return;
    this.#report(exchange, this.#outcome(exchange));
  }
  #outcome({ request, response }: Exchange): HttpFacts['outcome'] {
    if (request === undefined) return 'unasked';
    if (this.#isReset) return 'reset';
    return response === undefined ? 'unanswered' : 'complete';
  }
  #report(exchange: Exchange, outcome: HttpFacts['outcome']): HttpFacts {
    exchange.reported = true;
    const facts = exchangeFacts(exchange, outcome);
    this.#options.onExchange(facts, this.#nowMs, exchange.startMs);
    return facts;
  }
  #count({ badLines, droppedFields }: Head): void {
    const { counters } = this.#options;
    counters.badLines += badLines;
    counters.droppedFields += droppedFields;
  }
}
