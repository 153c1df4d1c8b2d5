import type { Role, Transport } from '../../model/conversation.ts';
import type { ServiceProtocol } from '../../model/service-protocol.ts';
import type { CompactIp } from '../../net/compact-ip.ts';
import type { Identity } from './identity.ts';
import type { Series } from './series-table.ts';
import type { Flow } from './tcp-metrics.ts';
import type { Bound } from './topology/graph.ts';

export type ConversationState = 'connecting' | 'established';

/** One conversation between two ends, of which one or both are on this host. */
export interface Conversation {
  readonly transport: Transport;
  /** The end that opened it. */
  readonly clientIp: CompactIp;
  readonly serverIp: CompactIp;
  readonly serverPort: number;
  /**
   * The end whose events count. When both ends are on this host the other one tells the same story again, and only its
   * identity is taken.
   */
  readonly observer: Observer;
  /** How many conversations this one stands for; 0 when sampling left it out of TCP metrics. */
  readonly weight: number;
  state: ConversationState;
  /** What its first bytes told; until then its port tells. */
  spoken: ServiceProtocol | undefined;
  source: Identity;
  target: Identity;
  /** The Kubernetes service that was asked; empty when that is not known. */
  service: string;
  /** When it was last heard of, epoch seconds: a small integer needs no object of its own. */
  lastS: number;
  /** Its row of the TCP metrics, while it counts as open there. */
  flow: Series<Flow> | undefined;
  /** Its place in the topology. Kept here, not in tables of their own: there are tens of thousands. */
  bound: Bound | undefined;
  /** Its place among those opened so lately that the other end, if it is ours, may not have reported yet; else SETTLED. */
  unsettledAt: number;
}

export type Observer = 'client' | 'server';

/** Which end the event comes from; who opened it is taken for a client when nothing tells. */
export const observerOf = (role: Role): Observer => (role === 'server' ? 'server' : 'client');
