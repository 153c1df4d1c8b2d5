import type { Conversation } from './conversations.ts';
import type { Identity, NodeType } from './identity.ts';
import { type WellKnown, wellKnown, wellKnownProtocol } from './well-known-ports.ts';

type Facts = Pick<Conversation, 'target' | 'serverPort' | 'spoken'>;

/** A store, cache or broker is told by its first bytes, else by its port. */
export function knownOf({ serverPort, spoken }: Omit<Facts, 'target'>): WellKnown | undefined {
  return spoken === undefined ? wellKnown(serverPort) : wellKnownProtocol(spoken);
}

interface Told {
  readonly target: Identity;
  readonly serverPort: number;
  readonly type: NodeType;
  readonly as: Identity;
}
const TOLD_SLOTS = 64;
/** Told last, by port: whoever asks again gets the same object, and finds what it keeps for it without a look at names. */
const told: (Told | undefined)[] = Array.from({ length: TOLD_SLOTS });

/** Where only an address is known, the port tells a store from its neighbours. */
export function targetOf(conversation: Facts): Identity {
  const { target, serverPort } = conversation;
  const type = knownOf(conversation)?.type;
  if (type === undefined || target.type === 'external') return target;
  const slot = serverPort % TOLD_SLOTS;
  const last = told[slot];
  if (last?.target === target && last.serverPort === serverPort && last.type === type) return last.as;
  const id = target.type === 'host' ? `${target.id}:${serverPort}` : target.id;
  const as = { ...target, id, type };
  told[slot] = { target, serverPort, type, as };
  return as;
}
