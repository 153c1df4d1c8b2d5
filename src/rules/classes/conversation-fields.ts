import { ATTR } from '../../model/attributes.ts';
import type { ConversationFacts } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import { communityId } from '../../net/community-id.ts';
import type { FieldValue } from '../match/value.ts';
import type { FieldSpec } from './event-class.ts';
import type { ClassPorts } from './ports.ts';
import { actorFields } from './process-fields.ts';
import { clusterFields } from './workload-fields.ts';

export type Read<E> = (event: E) => FieldValue;

/** A field that most events have a value of their own for. */
export const field = <E>(names: readonly string[], read: Read<E>): FieldSpec<E> => ({ names, read });

/** A field with a handful of values. */
export const few = <E>(names: readonly string[], read: Read<E>): FieldSpec<E> => ({
  names,
  read,
  spread: 'few',
});

/** A field in which keywords are not looked for. */
export const quiet = <E>(names: readonly string[], read: Read<E>): FieldSpec<E> => ({
  names,
  read,
  keywords: false,
});

const address = <E>(names: readonly string[], ipOf: (event: E) => IpAddress | undefined): FieldSpec<E> => ({
  names,
  read: () => undefined,
  address: ipOf,
});

/** A socket that is not bound yet has the unspecified address. */
const known = ({ ip }: Endpoint): IpAddress | undefined =>
  (ip.w0 | ip.w1 | ip.w2 | ip.w3) === 0 ? undefined : ip;
const portOf = ({ port }: Endpoint): FieldValue => (port === 0 ? undefined : port);

/** Who opened the conversation, and who was asked. */
const sourceOf = (event: ConversationFacts): Endpoint =>
  event.role === 'server' ? event.remote : event.local;
const targetOf = (event: ConversationFacts): Endpoint =>
  event.role === 'server' ? event.local : event.remote;

const DIRECTION = { client: 'outbound', server: 'inbound', unknown: undefined } as const;

/** What every conversation has: two ends, who holds the socket, and what is known of the far end. */
export function conversationFields<E extends ConversationFacts>(ports: ClassPorts): readonly FieldSpec<E>[] {
  return [
    ...endFields<E>(),
    ...nameFields<E>(ports),
    ...linkFields<E>(),
    ...actorFields<E>(ports),
    ...clusterFields<E>(),
  ];
}

function endFields<E extends ConversationFacts>(): readonly FieldSpec<E>[] {
  return [
    address(['SourceIp', 'src_ip', 'source.ip', 'id.orig_h', 'c-ip'], (event) => known(sourceOf(event))),
    field(['SourcePort', 'src_port', 'source.port', 'id.orig_p'], (event) => portOf(sourceOf(event))),
    address(['DestinationIp', 'dst_ip', 'destination.ip', 'id.resp_h', 's-ip'], (event) =>
      known(targetOf(event)),
    ),
    field(['DestinationPort', 'dst_port', 'destination.port', 'id.resp_p', 's-port'], (event) =>
      portOf(targetOf(event)),
    ),
    few(['SourceIsIpv6'], (event) => sourceOf(event).ip.family === 6),
    few(['DestinationIsIpv6'], (event) => targetOf(event).ip.family === 6),
    address([ATTR.peerIp], (event) => known(event.remote)),
    quiet([ATTR.peerPort], (event) => portOf(event.remote)),
    address([ATTR.hostIp], (event) => known(event.local)),
    quiet([ATTR.hostPort], (event) => portOf(event.local)),
  ];
}

function nameFields<E extends ConversationFacts>({ listsOf }: ClassPorts): readonly FieldSpec<E>[] {
  return [
    field(['DestinationHostname', 'destination.domain'], (event) =>
      event.role === 'server' ? undefined : event.peerNames,
    ),
    field(['SourceHostname', 'source.domain'], (event) =>
      event.role === 'server' ? event.peerNames : undefined,
    ),
    quiet([ATTR.listName], (event) => listsOf(event)),
  ];
}

function linkFields<E extends ConversationFacts>(): readonly FieldSpec<E>[] {
  return [
    few(['Initiated'], (event) => (event.role === 'unknown' ? undefined : event.role === 'client')),
    few(['Protocol', 'proto', ATTR.transport], (event) => event.transport),
    few([ATTR.networkType], (event) => (event.remote.ip.family === 4 ? 'ipv4' : 'ipv6')),
    few([ATTR.direction, 'network.direction'], (event) => DIRECTION[event.role]),
    { names: [ATTR.communityId], read: conversationId, spread: 'unique', keywords: false },
    { names: [ATTR.attribution], read: (event) => event.attribution, spread: 'few', keywords: false },
  ];
}

function conversationId({ local, remote, transport }: ConversationFacts): FieldValue {
  if (known(local) === undefined || local.port === 0 || local.ip.family !== remote.ip.family)
    return undefined;
  return communityId({ transport, local, remote });
}
