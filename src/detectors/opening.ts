import type { ConnectionEvent } from '../model/event.ts';

export type Direction = 'outbound' | 'inbound';

/**
 * Direction of an event that opens a connection: a client's attempt or a server's accept. undefined for all
 * later phases, so that one connection is never judged twice.
 */
export function openingDirection({ phase, role }: ConnectionEvent): Direction | undefined {
  if (phase === 'attempted' && role === 'client') return 'outbound';
  if (phase === 'accepted' && role === 'server') return 'inbound';
  return undefined;
}
