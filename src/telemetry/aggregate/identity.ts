import type { ConversationFacts } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import type { Owner } from '../../model/process.ts';
import { formatIp, ipKey } from '../../net/ip.ts';
import { createBoundedMap } from './bounded-map.ts';

export type NodeType =
  | 'service'
  | 'container'
  | 'process'
  | 'database'
  | 'cache'
  | 'queue'
  | 'dns'
  | 'host'
  | 'external';

/** Who is at one end of a conversation, as the topology and the labels of metrics name it. */
export interface Identity {
  readonly id: string;
  readonly type: NodeType;
  readonly attributes: Readonly<Record<string, string>>;
  /** Pod, when it is one. */
  readonly pod?: string;
  /** Kubernetes service that it is or stands behind, when that is known. */
  readonly service?: string;
}

/** Names ends: workload, else container, else process, else the name this host resolved for it, else the address. */
export interface Identities {
  /** The end on this host; undefined when nothing is known of it but its address. */
  local(facts: ConversationFacts): Identity | undefined;
  /** The other end, of which only the address is known; external ones without a name are one. */
  remote(facts: Pick<ConversationFacts, 'remote' | 'peerNames'>): Identity;
  /** The same, by its address: for ends that are ours. */
  address(end: Endpoint): Identity;
  /** A server of this host: later clients of this address find it. */
  serves(end: Endpoint, identity: Identity): void;
}

const MAX_OWNERS = 16_384;
const MAX_SERVERS = 8_192;
const MAX_HOSTS = 8_192;
/** Characters of a container id that people use. */
const SHORT_ID = 12;
/** All addresses outside the internal networks that no name is known for. */
const EXTERNAL: Identity = { id: 'external', type: 'external', attributes: {} };

const endKey = ({ ip, port }: Endpoint): string => `${ipKey(ip)}:${port}`;
const ownerKey = ({ pid, startNs, execId, cgroupId }: Owner): string =>
  `${pid}:${startNs}:${execId}:${cgroupId}`;

/** A text out of pieces is kept as a chain of them until something needs it whole: for long, it is better whole. */
const flat = (address: string): string => address.split('.').join('.');

function describe({ workload, process, owner }: ConversationFacts): Identity | undefined {
  if (workload?.podName !== undefined) {
    const { podName, namespace } = workload;
    const place = namespace === undefined ? {} : { 'k8s.namespace': namespace };
    return { id: podName, type: 'service', attributes: { 'k8s.pod': podName, ...place }, pod: podName };
  }
  if (workload?.containerId !== undefined) {
    const id = workload.containerId;
    return { id: id.slice(0, SHORT_ID), type: 'container', attributes: { 'container.id': id } };
  }
  const name = process?.name ?? owner?.comm ?? '';
  return name === '' ? undefined : { id: name, type: 'process', attributes: { 'process.name': name } };
}

/** `isInternal`: whether an address belongs to the networks that are not external. */
export function createIdentities(isInternal: (ip: IpAddress) => boolean): Identities {
  const owners = createBoundedMap<string, Identity>(MAX_OWNERS);
  const servers = createBoundedMap<string, Identity>(MAX_SERVERS);

  const hosts = createBoundedMap<number | string, Identity>(MAX_HOSTS);

  function named(id: string, type: NodeType): Identity {
    return { id, type, attributes: { 'server.address': id } };
  }

  /** Shared by all conversations with the address: there are many of them. */
  function host(ip: IpAddress): Identity {
    const key = ipKey(ip);
    const known = hosts.get(key);
    if (known !== undefined) return known;
    const identity = named(flat(formatIp(ip)), 'host');
    hosts.set(key, identity);
    return identity;
  }

  return {
    address: ({ ip }) => host(ip),
    local(facts) {
      const key = facts.owner === undefined ? undefined : ownerKey(facts.owner);
      const known = key === undefined ? undefined : owners.get(key);
      if (known !== undefined) return known;
      const identity = describe(facts);
      // A container may be seen before the kubelet has named its pod: only what cannot get better is kept.
      if (key !== undefined && identity !== undefined && identity.type !== 'container')
        owners.set(key, identity);
      return identity;
    },
    remote({ remote, peerNames }) {
      const served = servers.get(endKey(remote));
      if (served !== undefined) return served;
      const name = peerNames?.[0];
      const isHost = isInternal(remote.ip);
      if (name !== undefined) return named(name, isHost ? 'host' : 'external');
      return isHost ? host(remote.ip) : EXTERNAL;
    },
    serves: (end, identity) => servers.set(endKey(end), identity),
  };
}
