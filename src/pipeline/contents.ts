import type { ConversationFacts, GrpcFacts, HttpFacts, Side, StreamConsumer } from '../model/conversation.ts';
import { CONTENT_KINDS, type ContentEvent, type ContentKind } from '../model/event.ts';
import { ipKey } from '../net/ip.ts';
import { createDnsDecoder, type DnsDecoder } from '../protocols/dns/decoder.ts';
import { createDnsPairing, type DnsPairing } from '../protocols/dns/pairing.ts';
import { createDnsTcpCounters, createDnsTcpStream } from '../protocols/dns/tcp-stream.ts';
import { createHttp1Conversation } from '../protocols/http1/conversation.ts';
import { newHttp1Counters } from '../protocols/http1/counters.ts';
import { createHttp2Conversation, type Http2Options } from '../protocols/http2/conversation.ts';
import { createQuicHelloReader, type QuicHelloReader } from '../protocols/quic/hello-reader.ts';
import { isQuicInitial } from '../protocols/quic/initial.ts';
import { createStreamRouter } from '../protocols/router.ts';
import type { StreamProtocol } from '../protocols/sniff.ts';
import { createTlsCounters, createTlsHelloReader } from '../protocols/tls/hello-reader.ts';
import { quicCrypto } from './quic-crypto.ts';

const DNS_PORT = 53;
const MDNS_PORT = 5353;
/** Tunnels in tunnels that are followed. */
const MAX_TUNNELS = 4;

export interface ContentsOptions {
  /** Kinds of events that somebody wants; what serves none of them is not decoded. Default: all. */
  readonly kinds?: ReadonlySet<ContentKind>;
  /** Bytes kept of the beginning of each HTTP body; default none. */
  readonly maxBodyBytes?: number;
}

/** Reads what conversations say, whoever delivers the bytes: a capture or live sockets. */
export interface Contents {
  /** For each TCP connection, when its first byte is there. */
  openStream(facts: ConversationFacts): StreamConsumer | undefined;
  /** Whether all datagrams of a conversation are read; of others, those of which isQuicInitial() holds. */
  readsDatagrams(facts: ConversationFacts): boolean;
  /** For each UDP datagram that is read. `bytes` may be reused after the call. */
  datagram(facts: ConversationFacts, side: Side, bytes: Uint8Array, timeMs: number): void;
  /** Reports what has timed out by `nowMs`. */
  tick(nowMs: number): void;
  /** Nothing more will come. */
  finish(nowMs: number): void;
  /** What could not be read, or not to its end, by kind; sums since start. */
  failures(): Readonly<Record<string, number>>;
}

/** `emit` receives the events in the order in which they became known. */
export function createContents(emit: (event: ContentEvent) => void, options: ContentsOptions = {}): Contents {
  return new Reader(emit, options);
}

/** A stream, and how many tunnels lead to it. */
interface Place {
  readonly facts: ConversationFacts;
  readonly depth: number;
}

class Reader implements Contents {
  readonly #emit: (event: ContentEvent) => void;
  readonly #kinds: ReadonlySet<ContentKind>;
  readonly #maxBodyBytes: number;
  readonly #decoder: DnsDecoder = createDnsDecoder();
  readonly #dnsTcp = createDnsTcpCounters();
  readonly #tls = createTlsCounters();
  readonly #http1 = newHttp1Counters();
  /** Exchanges of which not all was seen or understood. */
  readonly #partial = { http: 0, grpc: 0 };
  readonly #dns: DnsPairing<ConversationFacts>;
  readonly #quic: QuicHelloReader<ConversationFacts>;

  constructor(emit: (event: ContentEvent) => void, options: ContentsOptions) {
    const { kinds = new Set(CONTENT_KINDS), maxBodyBytes = 0 } = options;
    this.#kinds = kinds;
    this.#maxBodyBytes = maxBodyBytes;
    this.#emit = (event) => {
      if (kinds.has(event.kind)) emit(event);
    };
    this.#dns = createDnsPairing<ConversationFacts>({
      keyOf: (facts) => facts.socketId,
      onResult: (dns, facts, timeMs) => emit({ ...facts, kind: 'dns', timeMs, dns }),
    });
    this.#quic = createQuicHelloReader<ConversationFacts>({
      crypto: quicCrypto,
      // A server's socket has many peers.
      keyOf: ({ socketId, remote }) => `${socketId} ${remote.port} ${ipKey(remote.ip)}`,
      onHello: (tls, facts, timeMs) => emit({ ...facts, kind: 'tls', timeMs, tls }),
    });
  }

  openStream(facts: ConversationFacts): StreamConsumer | undefined {
    if (this.#kinds.size === 0) return undefined;
    const serverPort = facts.role === 'server' ? facts.local.port : facts.remote.port;
    return this.#route(serverPort, { facts, depth: 0 });
  }

  readsDatagrams(facts: ConversationFacts): boolean {
    return this.#kinds.has('dns') && (hasPort(facts, DNS_PORT) || hasPort(facts, MDNS_PORT));
  }

  datagram(facts: ConversationFacts, side: Side, bytes: Uint8Array, timeMs: number): void {
    // No DNS message of this size begins so: it would have hundreds of questions.
    if (isQuicInitial(bytes, 0, bytes.length)) {
      if (side === 'client' && this.#kinds.has('tls')) this.#quic.datagram(facts, bytes, timeMs);
      return;
    }
    if (!this.readsDatagrams(facts)) return;
    const message = this.#decoder.decode(bytes, 0, bytes.length);
    if (message === undefined) return;
    if (hasPort(facts, MDNS_PORT)) this.#dns.multicast(facts, message, timeMs);
    else this.#dns.message(facts, side, message, timeMs);
  }

  tick(nowMs: number): void {
    this.#dns.tick(nowMs);
    this.#quic.tick(nowMs);
  }

  finish(nowMs: number): void {
    this.#dns.tick(nowMs);
    this.#dns.end(nowMs);
    this.#quic.end();
  }

  failures(): Readonly<Record<string, number>> {
    const sum = (counts: Readonly<Record<string, number>>): number =>
      Object.values(counts).reduce((all, count) => all + count, 0);
    const { 'not-tls': _, 'not-hello': __, ...hellos } = this.#tls.failures;
    const { failures, incomplete } = this.#decoder.counters;
    return {
      dns: sum(failures),
      dns_incomplete: sum(incomplete),
      dns_cut: this.#dnsTcp.cutMessages,
      tls_hello: sum(hellos),
      quic_hello: sum(this.#quic.counters.failures),
      http_partial: this.#partial.http,
      grpc_partial: this.#partial.grpc,
    };
  }

  #route(serverPort: number, place: Place): StreamConsumer {
    return createStreamRouter(serverPort, (protocol) => this.#open(protocol, place));
  }

  #open(protocol: StreamProtocol, place: Place): StreamConsumer | undefined {
    const { facts } = place;
    switch (protocol) {
      case 'dns':
        return this.#kinds.has('dns') ? this.#openDns(facts) : undefined;
      case 'tls':
        return this.#kinds.has('tls') ? this.#openTls(facts) : undefined;
      case 'http1':
        // Its tunnels and upgrades may lead to each of the others.
        return this.#wantsExchanges() || this.#kinds.has('tls') ? this.#openHttp1(place) : undefined;
      case 'http2':
        return this.#wantsExchanges() ? this.#openHttp2(facts) : undefined;
      default:
        return undefined;
    }
  }

  #wantsExchanges(): boolean {
    return this.#kinds.has('http') || this.#kinds.has('grpc');
  }

  #openDns(facts: ConversationFacts): StreamConsumer {
    return createDnsTcpStream({
      decoder: this.#decoder,
      counters: this.#dnsTcp,
      onMessage: (side, message, timeMs) => this.#dns.message(facts, side, message, timeMs),
    });
  }

  #openTls(facts: ConversationFacts): StreamConsumer {
    return createTlsHelloReader({
      counters: this.#tls,
      onHello: (tls, timeMs) => this.#emit({ ...facts, kind: 'tls', timeMs, tls }),
    });
  }

  #openHttp1(place: Place): StreamConsumer {
    const { facts, depth } = place;
    const onExchange = this.#onExchange(facts);
    let requestMs = facts.timeMs;
    return createHttp1Conversation({
      counters: this.#http1,
      maxBodyBytes: this.#maxBodyBytes,
      onExchange: (http, endMs, startMs) => {
        requestMs = startMs;
        onExchange(http, endMs, startMs);
      },
      onUpgrade: (protocol, request) => {
        if (protocol === 'h2c' && this.#wantsExchanges())
          return this.#openHttp2(facts, { request, startMs: requestMs });
        if (protocol !== 'connect' || depth === MAX_TUNNELS) return undefined;
        return this.#route(portOfAuthority(request.target), { facts, depth: depth + 1 });
      },
    });
  }

  #openHttp2(facts: ConversationFacts, upgraded?: Http2Options['upgraded']): StreamConsumer {
    return createHttp2Conversation({
      maxBodyBytes: this.#maxBodyBytes,
      onExchange: this.#onExchange(facts),
      gapsHoldBodies: true,
      ...(upgraded !== undefined && { upgraded }),
    });
  }

  #onExchange(
    facts: ConversationFacts,
  ): (said: HttpFacts | GrpcFacts, endMs: number, startMs: number) => void {
    return (said, endMs, startMs) => {
      const isGrpc = 'http' in said;
      if ((isGrpc ? said.http : said).partial) this.#partial[isGrpc ? 'grpc' : 'http'] += 1;
      if (isGrpc) this.#emit(grpcEvent(facts, { startMs, endMs }, said));
      else this.#emit(httpEvent(facts, { startMs, endMs }, said));
    };
  }
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

// Written out: spreading the facts costs more than decoding a small request.
function httpEvent(facts: ConversationFacts, { startMs, endMs }: Span, http: HttpFacts): ContentEvent {
  return {
    kind: 'http',
    timeMs: startMs,
    endMs,
    transport: facts.transport,
    role: facts.role,
    local: facts.local,
    remote: facts.remote,
    socketId: facts.socketId,
    owner: facts.owner,
    attribution: facts.attribution,
    process: facts.process,
    workload: facts.workload,
    http,
  };
}

function grpcEvent(facts: ConversationFacts, { startMs, endMs }: Span, grpc: GrpcFacts): ContentEvent {
  return {
    kind: 'grpc',
    timeMs: startMs,
    endMs,
    transport: facts.transport,
    role: facts.role,
    local: facts.local,
    remote: facts.remote,
    socketId: facts.socketId,
    owner: facts.owner,
    attribution: facts.attribution,
    process: facts.process,
    workload: facts.workload,
    grpc,
  };
}

/** Of `example.com:853`; 0 when there is none. */
function portOfAuthority(authority = ''): number {
  return Number(/:(\d{1,5})$/.exec(authority)?.[1] ?? 0);
}

function hasPort({ local, remote }: ConversationFacts, port: number): boolean {
  return local.port === port || remote.port === port;
}
