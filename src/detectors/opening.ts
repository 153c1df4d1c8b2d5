import type { JudgedEvent } from '../model/detector.ts';

export type Direction = 'outbound' | 'inbound';

/**
 * Direction of an event that opens a connection: a client's attempt or a server's accept. undefined for all
 * later phases and for what is said inside, so that one connection is never judged twice.
 */
export function openingDirection(event: JudgedEvent): Direction | undefined {
  if (event.kind !== 'connection') return undefined;
  const { phase, role } = event;
  if (phase === 'attempted' && role === 'client') return 'outbound';
  if (phase === 'accepted' && role === 'server') return 'inbound';
  return undefined;
}
