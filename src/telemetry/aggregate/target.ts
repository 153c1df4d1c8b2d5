import type { Conversation } from './conversations.ts';
import type { Identity } from './identity.ts';
import { type WellKnown, wellKnown, wellKnownProtocol } from './well-known-ports.ts';

type Facts = Pick<Conversation, 'target' | 'serverPort' | 'spoken'>;

/** A store, cache or broker is told by its first bytes, else by its port. */
export function knownOf({ serverPort, spoken }: Omit<Facts, 'target'>): WellKnown | undefined {
  return spoken === undefined ? wellKnown(serverPort) : wellKnownProtocol(spoken);
}

/** Where only an address is known, the port tells a store from its neighbours. */
export function targetOf(conversation: Facts): Identity {
  const { target, serverPort } = conversation;
  const type = knownOf(conversation)?.type;
  if (type === undefined) return target;
  if (target.type === 'host') return { ...target, id: `${target.id}:${serverPort}`, type };
  return target.type === 'external' ? target : { ...target, type };
}
