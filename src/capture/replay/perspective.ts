import type { Role } from '../../model/event.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import { destinationIp, type PacketTuple, sourceIp } from '../../net/packet/packet-view.ts';

/** Which end of a conversation is "this side". */
export interface Perspective {
  readonly role: Role;
  readonly localIsClient: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/**
 * A capture has no side of its own: the client's is taken, unless only the server is internal. `isGuess`: nobody saw
 * who began, so the role is unknown.
 */
export function perspectiveOf(
  tuple: PacketTuple,
  isInternal: (ip: IpAddress) => boolean,
  isGuess: boolean,
): Perspective {
  const client = { ip: sourceIp(tuple), port: tuple.srcPort };
  const server = { ip: destinationIp(tuple), port: tuple.dstPort };
  const localIsClient = !isInternal(server.ip) || isInternal(client.ip);
  const role = localIsClient ? 'client' : 'server';
  return {
    role: isGuess ? 'unknown' : role,
    localIsClient,
    local: localIsClient ? client : server,
    remote: localIsClient ? server : client,
  };
}
