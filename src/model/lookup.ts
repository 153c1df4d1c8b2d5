import type { ConversationFacts } from './conversation.ts';
import type { IpAddress } from './ip-address.ts';

/** One matching entry of a list. */
export interface ListMatch {
  /** Name of the list: its file name without folder and ending. */
  readonly list: string;
  /** The entry as canonical text, e.g. `198.51.100.0/24`. */
  readonly entry: string;
}

/** Port through which detectors ask about addresses. Synchronous and local. */
export interface ReputationLookup {
  /** The most specific matching entry of each list; empty when unlisted. */
  lookup(ip: IpAddress): readonly ListMatch[];
}

/** Who talks to whom, and when. */
export type Talk = Pick<ConversationFacts, 'owner' | 'local' | 'remote' | 'timeMs'>;

/** Port through which an address gets the names that were seen to stand for it. Never asks a resolver. */
export interface NameLookup {
  /** Of the remote address: told to this process, latest first; else to any process of this host. Empty: none. */
  namesOf(talk: Talk): readonly string[];
}
