import type { Endpoint } from './ip-address.ts';
import type { Attribution, Owner, Process, ServiceRef, Workload } from './process.ts';

export type Transport = 'tcp' | 'udp';
export type Role = 'client' | 'server' | 'unknown';

/** Which end of a conversation sent something: the one that opened it, or the other. */
export type Side = 'client' | 'server';

/**
 * Takes the bytes of one conversation, each direction in order, from a live socket or a capture. What was not seen is
 * told as a gap, so that nothing behind it is read as if it followed directly.
 */
export interface StreamConsumer {
  /** Nothing more will be read or reported: whoever feeds it may stop, and let it go. Absent: never. */
  readonly isDone?: boolean;
  /** `bytes` may be reused by the caller after the call: copy what must be kept. */
  data(side: Side, bytes: Uint8Array, timeMs: number): void;
  /**
   * `length` bytes of this direction are missing (0: an unknown number). `aligned`: what follows begins at a message
   * or frame boundary, because whoever left the bytes out knew (the kernel side skips bodies frame by frame).
   */
  gap(side: Side, length: number, aligned: boolean, timeMs: number): void;
  /** Both directions are over; `reset` when by RST or abort. Reports what is still open. */
  end(timeMs: number, reset: boolean): void;
}

/** What every event of a conversation says of its ends and of who held the socket. */
export interface ConversationFacts {
  /** Epoch milliseconds, with a fraction. */
  readonly timeMs: number;
  readonly transport: Transport;
  readonly role: Role;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Socket cookie live, number of the flow in a replay. */
  readonly socketId: number;
  readonly owner: Owner | undefined;
  readonly attribution: Attribution;
  readonly process: Process | undefined;
  readonly workload: Workload | undefined;
  /** Names that this process or host was told for the remote address, latest first. */
  readonly peerNames?: readonly string[] | undefined;
  /** The pod at the remote address, when the cluster tells it. */
  readonly peerWorkload?: Workload | undefined;
  /** The Kubernetes service that was asked: at or behind the address and port of the end that listens. */
  readonly service?: ServiceRef | undefined;
}

/** A resource record, decoded: `data` is its usual text form (addresses, names, `10 mail.example.com`). */
export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly data: string;
}

export type DnsOutcome = 'answered' | 'timeout' | 'unasked' | 'asked';

/**
 * A question and what became of it. `unasked`: a response whose query was not seen. `asked`: the question alone, because
 * telemetry is not to tell of responses, or because what was watched ended before there was an answer or a timeout.
 */
export interface DnsFacts {
  readonly id: number;
  /** Lower case, without the last dot; `.` for the root. Bytes outside printable ASCII are escaped `\DDD` (RFC 1035). */
  readonly questionName: string;
  /** Mnemonic, or `TYPE65280` (RFC 3597). */
  readonly questionType: string;
  readonly outcome: DnsOutcome;
  /** Mnemonic, or `RCODE23`; absent without a response. EDNS extended codes included. */
  readonly responseCode?: string;
  readonly answers?: readonly DnsRecord[];
  /** Milliseconds from the (first) query to the response. */
  readonly latencyMs?: number;
  /** The response was cut (TC). */
  readonly truncated?: boolean;
  /** Not all of the response was seen or could be read: there may be more answers. */
  readonly partial?: boolean;
  /** The reserved bit (Z) of the response's header is set, which nothing sets in good faith. */
  readonly reservedBit?: boolean;
  /** Repeats of the query before it was answered. */
  readonly retries: number;
}

export type HeaderField = readonly [name: string, value: string];

/** One HTTP request with its response, of any version. Absent is unknown; nothing is made up. */
export interface HttpFacts {
  readonly version: '1.0' | '1.1' | '2' | 'unknown';
  readonly method?: string;
  /** Request target as sent: path and query, absolute form, authority or `*`. */
  readonly target?: string;
  readonly scheme?: string;
  /** Who is asked: of a target that names a host, else the Host header or `:authority`. */
  readonly authority?: string;
  readonly statusCode?: number;
  readonly requestHeaders: readonly HeaderField[];
  readonly responseHeaders: readonly HeaderField[];
  /** Body bytes on the wire (without chunk framing); absent when not known. */
  readonly requestBodyBytes?: number;
  readonly responseBodyBytes?: number;
  /** The beginnings of the bodies, when somebody wants to see them: as sent, not yet masked. */
  readonly requestBody?: Uint8Array;
  readonly responseBody?: Uint8Array;
  /** Milliseconds from the first byte of the request to the last of the response that was seen. */
  readonly durationMs?: number;
  /** How it ended. `unanswered`: the conversation ended before a response; `unasked`: a response without its request. */
  readonly outcome: 'complete' | 'unanswered' | 'unasked' | 'reset' | 'upgraded';
  /** Something of it was not seen or not understood. */
  readonly partial: boolean;
}

/** One gRPC call, ended. */
export interface GrpcFacts {
  readonly http: HttpFacts;
  /** `package.Service` and method of `:path`; absent when unknown. */
  readonly service?: string;
  readonly method?: string;
  /** `grpc-status`; absent when the trailers were not seen or the call was reset. */
  readonly statusCode?: number;
  readonly statusMessage?: string;
  /** Messages per direction; absent when DATA was not seen whole. */
  readonly requestMessages?: number;
  readonly responseMessages?: number;
}

/** A TLS ClientHello. */
export interface TlsFacts {
  readonly serverName?: string;
  readonly alpn: readonly string[];
  /** Offered versions, best first: `1.3`, `1.2`, ... */
  readonly versions: readonly string[];
  readonly cipherCount: number;
  /** JA4 client fingerprint. */
  readonly ja4: string;
  /** Encrypted ClientHello was offered: the name is the outer one. */
  readonly encryptedHello: boolean;
  /** Set when the hello came over QUIC: the version of its Initial packets (RFC 9000, RFC 9369). */
  readonly quicVersion?: '1' | '2';
}
