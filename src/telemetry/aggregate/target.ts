import type { Conversation } from './conversations.ts';
import type { Identity } from './identity.ts';
import { wellKnown } from './well-known-ports.ts';

/** A store, cache or broker is told by its port; where only an address is known, the port tells it from its neighbours. */
export function targetOf({ target, serverPort }: Pick<Conversation, 'target' | 'serverPort'>): Identity {
  const known = wellKnown(serverPort);
  if (known === undefined) return target;
  if (target.type === 'host') return { ...target, id: `${target.id}:${serverPort}`, type: known.type };
  return target.type === 'external' ? target : { ...target, type: known.type };
}
