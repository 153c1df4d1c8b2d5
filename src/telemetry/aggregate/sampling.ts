import type { ConversationFacts } from '../../model/conversation.ts';

export interface Sampled extends Pick<ConversationFacts, 'socketId' | 'local' | 'remote'> {
  readonly isListed?: boolean | undefined;
}

/**
 * 1 in N by a hash of the connection: the same answer for all events of a connection, on every run. A connection with a peer
 * that the kernel side found on a list is never left out, and stands for itself alone.
 */
export function weightOf({ socketId, local, remote, isListed = false }: Sampled, sampleRate: number): number {
  if (sampleRate <= 1 || isListed) return 1;
  // A connection without an identity of its own is told apart by its ports.
  const id = socketId === 0 ? local.port * 65_536 + remote.port : socketId;
  return mixed(id) % sampleRate === 0 ? sampleRate : 0;
}

/** Spreads numbers that count up over all 32 bits (the finalizer of MurmurHash3). */
function mixed(id: number): number {
  let hash = (id ^ Math.floor(id / 4_294_967_296)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
