import type { ConversationFacts, GrpcFacts, HttpFacts, Side, StreamConsumer } from '../model/conversation.ts';
import type { ContentEvent } from '../model/event.ts';
import { createDnsDecoder, type DnsDecoder } from '../protocols/dns/decoder.ts';
import type { DnsMessage } from '../protocols/dns/message.ts';
import { createDnsPairing, type DnsPairing } from '../protocols/dns/pairing.ts';
import { createDnsTcpCounters, createDnsTcpStream } from '../protocols/dns/tcp-stream.ts';
import { createHttp1Conversation } from '../protocols/http1/conversation.ts';
import { createHttp2Conversation } from '../protocols/http2/conversation.ts';
import { createStreamRouter } from '../protocols/router.ts';
import type { StreamProtocol } from '../protocols/sniff.ts';
import { createTlsCounters, createTlsHelloReader } from '../protocols/tls/hello-reader.ts';

const DNS_PORT = 53;
const MDNS_PORT = 5353;
/** Conversations whose ends are remembered for the answers still to come; the oldest goes first. */
const MAX_DNS_CONVERSATIONS = 131_072;

/** Reads what conversations say, whoever delivers the bytes: a capture or live sockets. */
export interface Contents {
  /** For each TCP connection, when its first byte is there. */
  openStream(facts: ConversationFacts): StreamConsumer | undefined;
  /** For each UDP datagram. `bytes` may be reused after the call. */
  datagram(facts: ConversationFacts, side: Side, bytes: Uint8Array, timeMs: number): void;
  /** Reports what has timed out by `nowMs`. */
  tick(nowMs: number): void;
  /** Nothing more will come. */
  finish(nowMs: number): void;
}

/** `emit` receives the events in the order in which they became known. */
export function createContents(emit: (event: ContentEvent) => void): Contents {
  return new Reader(emit);
}

class Reader implements Contents {
  readonly #emit: (event: ContentEvent) => void;
  readonly #decoder: DnsDecoder = createDnsDecoder();
  readonly #dnsTcp = createDnsTcpCounters();
  readonly #tls = createTlsCounters();
  readonly #dnsFacts = new Map<number, ConversationFacts>();
  readonly #dns: DnsPairing<number>;

  constructor(emit: (event: ContentEvent) => void) {
    this.#emit = emit;
    this.#dns = createDnsPairing<number>({
      onResult: (dns, key, timeMs) => {
        const facts = this.#dnsFacts.get(key);
        if (facts !== undefined) emit({ ...facts, kind: 'dns', timeMs, dns });
      },
    });
  }

  openStream(facts: ConversationFacts): StreamConsumer {
    const serverPort = facts.role === 'server' ? facts.local.port : facts.remote.port;
    return createStreamRouter(serverPort, (protocol) => this.#open(protocol, facts));
  }

  datagram(facts: ConversationFacts, side: Side, bytes: Uint8Array, timeMs: number): void {
    const ports = [facts.local.port, facts.remote.port];
    if (!ports.includes(DNS_PORT) && !ports.includes(MDNS_PORT)) return;
    const message = this.#decoder.decode(bytes, 0, bytes.length);
    if (message === undefined) return;
    if (ports.includes(MDNS_PORT)) this.#multicast(facts, message, timeMs);
    else this.#message(facts, side, message, timeMs);
  }

  tick(nowMs: number): void {
    this.#dns.tick(nowMs);
  }

  finish(nowMs: number): void {
    this.#dns.tick(nowMs);
    this.#dns.end(nowMs);
  }

  #open(protocol: StreamProtocol, facts: ConversationFacts): StreamConsumer | undefined {
    switch (protocol) {
      case 'dns':
        return createDnsTcpStream({
          decoder: this.#decoder,
          counters: this.#dnsTcp,
          onMessage: (side, message, timeMs) => this.#message(facts, side, message, timeMs),
        });
      case 'tls':
        return createTlsHelloReader({
          counters: this.#tls,
          onHello: (tls, timeMs) => this.#emit({ ...facts, kind: 'tls', timeMs, tls }),
        });
      case 'http1':
        return this.#openHttp1(facts);
      case 'http2':
        return createHttp2Conversation({ onExchange: this.#onExchange(facts), gapsHoldBodies: true });
      default:
        return undefined;
    }
  }

  #openHttp1(facts: ConversationFacts): StreamConsumer {
    const onExchange = this.#onExchange(facts);
    let requestMs = facts.timeMs;
    return createHttp1Conversation({
      onExchange: (http, endMs, startMs) => {
        requestMs = startMs;
        onExchange(http, endMs, startMs);
      },
      onUpgrade: (protocol, request) =>
        protocol === 'h2c'
          ? createHttp2Conversation({
              onExchange,
              gapsHoldBodies: true,
              upgraded: { request, startMs: requestMs },
            })
          : undefined,
    });
  }

  #onExchange(
    facts: ConversationFacts,
  ): (said: HttpFacts | GrpcFacts, endMs: number, startMs: number) => void {
    return (said, _endMs, startMs) => {
      if ('http' in said) this.#emit({ ...facts, kind: 'grpc', timeMs: startMs, grpc: said });
      else this.#emit({ ...facts, kind: 'http', timeMs: startMs, http: said });
    };
  }

  #remember(facts: ConversationFacts): void {
    if (this.#dnsFacts.has(facts.socketId)) return;
    if (this.#dnsFacts.size >= MAX_DNS_CONVERSATIONS) {
      const oldest = this.#dnsFacts.keys().next();
      if (oldest.done !== true) this.#dnsFacts.delete(oldest.value);
    }
    this.#dnsFacts.set(facts.socketId, facts);
  }

  #message(facts: ConversationFacts, side: Side, message: DnsMessage, timeMs: number): void {
    this.#remember(facts);
    this.#dns.message(facts.socketId, side, message, timeMs);
  }

  #multicast(facts: ConversationFacts, message: DnsMessage, timeMs: number): void {
    this.#remember(facts);
    this.#dns.multicast(facts.socketId, message, timeMs);
  }
}
