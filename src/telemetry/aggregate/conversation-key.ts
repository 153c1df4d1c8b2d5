import type { ConversationFacts, Transport } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import type { ServiceRef } from '../../model/process.ts';
import { ipKey } from '../../net/ip.ts';
import type { Observer } from './conversations.ts';

/** The two ends as UTF-16 units. (A template would be kept as a chain of its pieces: 200 bytes more for each.) */
export function conversationKey(
  transport: Transport,
  { ip: a, port: from }: Endpoint,
  { ip: b, port: to }: Endpoint,
): string {
  const kind = (transport === 'tcp' ? 0 : 1) + a.family * 2;
  if (a.family === 4 && b.family === 4)
    return String.fromCharCode(kind, a.w3 >>> 16, a.w3 & 0xffff, from, b.w3 >>> 16, b.w3 & 0xffff, to);
  return String.fromCharCode(kind, from, to) + longKey(a) + longKey(b);
}

function longKey({ w0, w1, w2, w3 }: IpAddress): string {
  const words = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  return String.fromCharCode(...words);
}

/** An event of a conversation with its two ends in their roles. */
export interface Parts {
  readonly key: string;
  readonly facts: ConversationFacts;
  readonly side: Observer;
  readonly client: Endpoint;
  readonly server: Endpoint;
}

/** The two ends, and what tells their conversation from others. */
export function partsOf(facts: ConversationFacts): Parts {
  const side = facts.role === 'server' ? 'server' : 'client';
  const [client, server] = side === 'client' ? [facts.local, facts.remote] : [facts.remote, facts.local];
  return { key: conversationKey(facts.transport, client, server), facts, side, client, server };
}

/** Of a conversation with a service, as its client and the pod behind the service both know it. */
export function serviceKey({ namespace, name }: ServiceRef, transport: Transport, client: Endpoint): string {
  return [transport, ipKey(client.ip), client.port, namespace, name].join(':');
}
