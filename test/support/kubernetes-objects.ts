import type { ApiObject } from './kubernetes-api.ts';

export interface PodOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly ip?: string;
  readonly node?: string;
  readonly hostIp?: string;
  readonly phase?: string;
  readonly hostNetwork?: boolean;
  readonly owner?: { readonly kind: string; readonly name: string; readonly uid?: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Ids by name. */
  readonly containers?: Readonly<Record<string, string>>;
  readonly isTerminating?: boolean;
}

/** A pod as the API tells it. */
export function podObject(options: PodOptions): ApiObject {
  const { name, namespace = 'shop', uid, ip, node = 'node-1', owner, containers = {} } = options;
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ...(uid !== undefined && { uid }),
      ...(options.labels !== undefined && { labels: options.labels }),
      ...(options.annotations !== undefined && { annotations: options.annotations }),
      ...(options.isTerminating === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      ...(owner !== undefined && {
        ownerReferences: [{ uid: `uid-${owner.name}`, ...owner, controller: true }],
      }),
      managedFields: [{ manager: 'kubelet' }],
    },
    spec: { nodeName: node, ...(options.hostNetwork === true && { hostNetwork: true }) },
    status: {
      phase: options.phase ?? 'Running',
      ...(options.hostIp !== undefined && { hostIP: options.hostIp, hostIPs: [{ ip: options.hostIp }] }),
      ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
      containerStatuses: Object.entries(containers).map(([each, id]) => ({
        name: each,
        containerID: `containerd://${id}`,
      })),
    },
  };
}

/** A service as the API tells it. */
export function serviceObject(name: string, clusterIp: string, namespace = 'shop'): ApiObject {
  return {
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: clusterIp, clusterIPs: [clusterIp] },
  };
}

export interface SliceOptions {
  readonly service: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly ports?: readonly (number | null)[];
  readonly isHeadless?: boolean;
  /** Address, and the pod behind it with its uid and node. */
  readonly endpoints: readonly { ip: string; pod?: string; uid?: string; node?: string }[];
}

/** An EndpointSlice as the API tells it. */
export function sliceObject(options: SliceOptions): ApiObject {
  const { service, namespace = 'shop', name = `${service}-abcde`, ports = [8080], endpoints } = options;
  const labels = {
    'kubernetes.io/service-name': service,
    ...(options.isHeadless === true && { 'service.kubernetes.io/headless': '' }),
  };
  return {
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels },
    addressType: endpoints[0]?.ip.includes(':') === true ? 'IPv6' : 'IPv4',
    ports: ports.map((port) => ({ port, protocol: 'TCP' })),
    endpoints: endpoints.map(({ ip, pod, uid, node }) => ({
      addresses: [ip],
      conditions: { ready: true },
      ...(node !== undefined && { nodeName: node }),
      ...(pod !== undefined && {
        targetRef: { kind: 'Pod', name: pod, namespace, ...(uid !== undefined && { uid }) },
      }),
    })),
  };
}

/** A node as the API tells it. */
export function nodeObject(name: string, ip: string, podCidrs: readonly string[] = []): ApiObject {
  return {
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
    },
  };
}
