import type { ConversationFacts } from './conversation.ts';
import type { IpAddress } from './ip-address.ts';
import type { ServiceRef, Workload } from './process.ts';

export type ListDirection = 'outbound' | 'inbound';

/** What a list says of an entry beside the entry itself. Absent is unknown. */
export interface EntryFacts {
  /** What the peer is accused of, in the list's own words. */
  readonly category?: string;
  /** 0 to 100. */
  readonly confidence?: number;
  /** Only connections in this direction match. */
  readonly direction?: ListDirection;
  /** Only connections out to this remote port match. */
  readonly port?: number;
  /** Epoch milliseconds. */
  readonly firstSeenMs?: number;
  /** Epoch milliseconds from which the entry no longer matches. */
  readonly expiresMs?: number;
  /** Where to read more: a URL or an identifier. */
  readonly reference?: string;
}

/** One matching entry of a list. */
export interface ListMatch extends EntryFacts {
  /** Name of the list: its file name without folder and ending. */
  readonly list: string;
  /** The entry as canonical text, e.g. `198.51.100.0/24` or `example.com`. */
  readonly entry: string;
  /** Line of the list's file; 0 when it has none. */
  readonly line: number;
}

/** What is known of the traffic that a question is about. */
export interface LookupContext {
  /** Epoch milliseconds: entries that had expired by then do not match. */
  readonly timeMs: number;
  readonly direction: ListDirection;
  /** Remote port of an outbound connection. */
  readonly port?: number;
}

/** Port through which detectors ask about addresses and names. Synchronous and local. */
export interface ReputationLookup {
  /** Matching entries of all lists, most specific first within each; empty when unlisted or allowed. */
  lookup(ip: IpAddress, context: LookupContext): readonly ListMatch[];
  /** The same for a host name as it was observed: entries match the name itself and all names below it. */
  lookupName(name: string, context: LookupContext): readonly ListMatch[];
  /** Whether any list has names now. */
  hasNames(): boolean;
}

/** Who talks to whom, and when. */
export type Talk = Pick<ConversationFacts, 'owner' | 'local' | 'remote' | 'timeMs'>;

/** Port through which an address gets the names that were seen to stand for it. Never asks a resolver. */
export interface NameLookup {
  /** Of the remote address: told to this process, latest first; else to any process of this host. Empty: none. */
  namesOf(talk: Talk): readonly string[];
}

/** Port through which addresses get what a Kubernetes cluster knows of them. Synchronous and local. */
export interface ClusterLookup {
  /** The pod at an address; `port` tells apart those that share the address of their node (0: not known). */
  workloadAt(ip: IpAddress, port: number): Workload | undefined;
  /** The service that is asked at this address and port: its own address, or that of a pod behind it. */
  serviceAt(ip: IpAddress, port: number): ServiceRef | undefined;
  /** Whether the address is the cluster's own, by the word of those whom no tenant can imitate (docs/kubernetes.md). */
  isOwn(ip: IpAddress): boolean;
}

/** What the agents of a fleet know of an address or name, taken together. */
export interface Score {
  /** As it is kept: canonical address, network or name. */
  readonly value: string;
  /** 0 to 100, decayed to the time that was asked for. */
  readonly score: number;
  /** Detectors, lists or people that spoke of it. */
  readonly sources: readonly string[];
  readonly agents: number;
  readonly sightings: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly reason?: string;
}

/** Port through which a detector asks for scores. Synchronous and local. */
export interface ScoreLookup {
  /** The highest score that speaks of the address or of a network around it; undefined when none does. */
  scoreOf(ip: IpAddress, timeMs: number): Score | undefined;
  /** The same for a host name as it was observed, and its parents. */
  scoreOfName(name: string, timeMs: number): Score | undefined;
}
