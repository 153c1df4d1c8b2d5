import type { ConversationFacts } from '../../model/conversation.ts';
import type { Endpoint, IpAddress } from '../../model/ip-address.ts';
import { OWNER_KINDS, type Owner, type ServiceRef, type Workload } from '../../model/process.ts';
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
}

/** What is known of a far end. */
export type FarFacts = Pick<ConversationFacts, 'remote' | 'role' | 'peerNames' | 'peerWorkload' | 'service'>;

/**
 * Names ends: workload, else container, else process, else the name this host resolved for it, else the address. A far end
 * is named by what the cluster knows of it, where it knows something.
 */
export interface Identities {
  /** The end on this host; undefined when nothing is known of it but its address. */
  local(facts: ConversationFacts): Identity | undefined;
  /** The other end; external ones without a name are one. */
  remote(facts: FarFacts): Identity;
  /** The same, by its address: for ends that are ours. */
  address(end: Endpoint): Identity;
  /** A server of this host: later clients of this address find it. */
  serves(end: Endpoint, identity: Identity): void;
}

const MAX_OWNERS = 16_384;
const MAX_SERVERS = 8_192;
const MAX_HOSTS = 8_192;
const MAX_PLACES = 8_192;
/** Characters of a container id that people use. */
const SHORT_ID = 12;
/** All addresses outside the internal networks that no name is known for. */
const EXTERNAL: Identity = { id: 'external', type: 'external', attributes: {} };

/** A number for IPv4: made for every connection. */
const endKey = ({ ip, port }: Endpoint): number | string =>
  ip.family === 4 ? ip.w3 * 65_536 + port : `${ipKey(ip)}:${port}`;

interface OwnerKey {
  readonly owner: Owner;
  readonly key: string;
}
const OWNER_SLOTS = 256;

/** Keys of owners; those made last are given out again, as long as the owner is the same object, which it mostly is. */
function createOwnerKeys(): (owner: Owner) => string {
  const keys: (OwnerKey | undefined)[] = Array.from({ length: OWNER_SLOTS });
  return (owner) => {
    const slot = owner.pid % OWNER_SLOTS;
    const last = keys[slot];
    if (last?.owner === owner) return last.key;
    const { pid, startNs, execId, cgroupId } = owner;
    const key = `${pid}:${startNs}:${execId}:${cgroupId}`;
    keys[slot] = { owner, key };
    return key;
  };
}

/** A text out of pieces is kept as a chain of them until something needs it whole: for long, it is better whole. */
const flat = (address: string): string => address.split('.').join('.');

/** Gives names that are used in several namespaces apart: the first keeps it as it is. */
type NameIn = (namespace: string | undefined, name: string) => string;

function ofPod(workload: Workload, nameIn: NameIn): Identity | undefined {
  const { podName, namespace, owners } = workload;
  if (podName === undefined) return undefined;
  const kind = OWNER_KINDS.find((each) => owners?.[each] !== undefined);
  const name = (kind && owners?.[kind]) ?? podName;
  return {
    id: nameIn(namespace, name),
    type: 'service',
    attributes: {
      [`k8s.${kind ?? 'pod'}`]: name,
      ...(namespace !== undefined && { 'k8s.namespace': namespace }),
    },
    pod: podName,
  };
}

function ofService({ name, namespace }: ServiceRef, pod: string | undefined, nameIn: NameIn): Identity {
  return {
    id: nameIn(namespace, name),
    type: 'service',
    attributes: { 'k8s.service': name, 'k8s.namespace': namespace },
    ...(pod !== undefined && { pod }),
  };
}

/** By what the cluster knows; of pods elsewhere only the service that they stand behind is the same for all of them. */
function inCluster({ role, peerWorkload, service }: FarFacts, nameIn: NameIn): Identity | undefined {
  if (peerWorkload?.owners !== undefined) return ofPod(peerWorkload, nameIn);
  if (service !== undefined && role !== 'server') return ofService(service, peerWorkload?.podName, nameIn);
  if (peerWorkload === undefined) return undefined;
  const { nodeName } = peerWorkload;
  const node = nodeName && ({ id: nodeName, type: 'host', attributes: { 'k8s.node': nodeName } } as const);
  return ofPod(peerWorkload, nameIn) ?? (node || undefined);
}

function describe({ workload, process, owner }: ConversationFacts, nameIn: NameIn): Identity | undefined {
  const pod = workload && ofPod(workload, nameIn);
  if (pod !== undefined) return pod;
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
  const ownerKey = createOwnerKeys();
  const servers = createBoundedMap<number | string, Identity>(MAX_SERVERS);
  const hosts = createBoundedMap<number | string, Identity>(MAX_HOSTS);

  /** The namespace that a name was first seen in. */
  const places = createBoundedMap<string, string>(MAX_PLACES);
  const nameIn: NameIn = (namespace, name) => {
    if (namespace === undefined) return name;
    const first = places.get(name);
    if (first === undefined) places.set(name, namespace);
    return first === undefined || first === namespace ? name : `${namespace}/${name}`;
  };

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
      const identity = describe(facts, nameIn);
      // A container may be seen before its pod is told: only what cannot get better is kept.
      const isFinal = identity?.type !== 'container' && facts.workload?.partial !== true;
      if (key !== undefined && identity !== undefined && isFinal) owners.set(key, identity);
      return identity;
    },
    remote(facts) {
      const { remote, peerNames } = facts;
      const known = servers.get(endKey(remote)) ?? inCluster(facts, nameIn);
      if (known !== undefined) return known;
      const name = peerNames?.[0];
      const isHost = isInternal(remote.ip);
      if (name !== undefined) return named(name, isHost ? 'host' : 'external');
      return isHost ? host(remote.ip) : EXTERNAL;
    },
    serves: (end, identity) => servers.set(endKey(end), identity),
  };
}
