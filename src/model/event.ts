import type {
  ConversationFacts,
  DnsFacts,
  GrpcFacts,
  HttpFacts,
  Role,
  TlsFacts,
  Transport,
} from './conversation.ts';
import type { PacketRateEvent, ProbeEvent } from './packets.ts';
import type { Owner, Process, Workload } from './process.ts';
import type { ServiceProtocol } from './service-protocol.ts';

export type { Role, Transport };
export const CONNECTION_PHASES = ['attempted', 'established', 'accepted', 'failed', 'closed'] as const;
export type ConnectionPhase = (typeof CONNECTION_PHASES)[number];

/** Why a connection failed or ended; `closed` is the ordinary end, `aborted` our side giving up. */
export type EndReason =
  | 'closed'
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'reset'
  | 'aborted'
  | 'idle'
  | 'unknown';

/** Counters of a connection at the moment of the event. Bytes are payload bytes. */
export interface ConnectionStats {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** TCP segments, or datagrams for UDP. */
  readonly segmentsSent: number;
  readonly segmentsReceived: number;
  readonly retransmits: number;
  /** Smoothed and smallest round-trip time in microseconds; 0 when never measured. */
  readonly rttUs: number;
  readonly minRttUs: number;
  /** From the attempt (client) or the accept (server). */
  readonly durationMs: number;
}

interface EventBase {
  /** Epoch milliseconds, with a fraction. */
  readonly timeMs: number;
}

export interface ConnectionEvent extends EventBase, ConversationFacts {
  readonly kind: 'connection';
  readonly phase: ConnectionPhase;
  /** On `failed` and `closed`. */
  readonly reason?: EndReason | undefined;
  /** Exact errno when the kernel could tell, on `failed` and `closed`. */
  readonly errno?: number | undefined;
  /** On `established` and `accepted`; microseconds. */
  readonly handshakeRttUs?: number | undefined;
  /** On `failed` and `closed`, when they were counted. */
  readonly stats?: ConnectionStats | undefined;
  /** The kernel side found the peer on a list when the connection began; says nothing where it is absent. */
  readonly isListed?: boolean | undefined;
  /** On `closed`: the store, cache or broker that first bytes told. */
  readonly spoken?: ServiceProtocol | undefined;
  /** The client began with something that fits no protocol that is known; told with the end, of connections seen from their beginning. */
  readonly isUnrecognised?: true | undefined;
}

/** A DNS question and what became of it. `timeMs` is when that was known. */
export interface DnsEvent extends ConversationFacts {
  readonly kind: 'dns';
  readonly dns: DnsFacts;
}

/** An HTTP request with its response; not for gRPC calls. `timeMs` is when its first byte was seen. */
export interface HttpEvent extends ConversationFacts {
  readonly kind: 'http';
  /** When it was over. */
  readonly endMs?: number;
  readonly http: HttpFacts;
}

/** A gRPC call that has ended. `timeMs` is when its first byte was seen. */
export interface GrpcEvent extends ConversationFacts {
  readonly kind: 'grpc';
  /** When it was over. */
  readonly endMs?: number;
  readonly grpc: GrpcFacts;
}

/** A TLS ClientHello. */
export interface TlsEvent extends ConversationFacts {
  readonly kind: 'tls';
  readonly tls: TlsFacts;
}

/** What was said inside a conversation. */
export type ContentEvent = DnsEvent | HttpEvent | GrpcEvent | TlsEvent;
export type ContentKind = ContentEvent['kind'];
export const CONTENT_KINDS = ['dns', 'http', 'grpc', 'tls'] as const satisfies readonly ContentKind[];

/** A process began (exec) or ended (exit). Used for enrichment, and by rules. */
export interface ProcessEvent extends EventBase {
  readonly kind: 'process';
  readonly action: 'exec' | 'exit';
  readonly owner: Owner;
  /** As passed to exec: may be relative, and names the script of a script; absent when it was cut or could pass for a path that it is not. */
  readonly filename?: string;
  /** Absolute path of the executable image, when the kernel side could read it. */
  readonly executablePath?: string;
  readonly args?: readonly string[];
  /** Absolute, when the kernel side could read it. */
  readonly workingDirectory?: string;
  /** Whom the session that led to this process was opened for (audit's loginuid); absent when no login did. */
  readonly loginUid?: number;
  /** Filled in by enrichment. */
  readonly process?: Process | undefined;
  readonly workload?: Workload | undefined;
}

/** Records that the sensor itself had to give up. */
export interface LossEvent extends EventBase {
  readonly kind: 'loss';
  /** The record kind that was lost, e.g. `connection`. */
  readonly what: string;
  readonly reason: string;
  readonly count: number;
  /** Of lost alerts: for whom they were. */
  readonly destination?: string;
}

/** What packets say that belong to no conversation of ours, or to too many. */
export type PacketEvent = PacketRateEvent | ProbeEvent;
export type PacketKind = PacketEvent['kind'];
export const PACKET_KINDS = ['packet_rate', 'probe'] as const satisfies readonly PacketKind[];

export type TelegenEvent = ConnectionEvent | ContentEvent | PacketEvent | ProcessEvent | LossEvent;
export type EventKind = TelegenEvent['kind'];
