import type { IpAddress } from '../../model/ip-address.ts';
import type { ServiceRef } from '../../model/process.ts';
import { ipKey, parseIp } from '../../net/ip.ts';
import { listAt, textAt, textsAt } from './json.ts';
import { createMirror, type Mirror } from './mirror.ts';

/** What is kept of a service. */
export interface Service {
  readonly ref: ServiceRef;
  /** Given out by the API server. */
  readonly clusterKeys: readonly (number | string)[];
  /** External addresses and those of load balancers: what people wrote, or a cloud's controller. */
  readonly outerKeys: readonly (number | string)[];
}

/** Services by their addresses. */
export interface ServiceStore {
  readonly mirror: Mirror<Service>;
  byAddress(ip: IpAddress): ServiceRef | undefined;
  /** Whether it is a cluster address, which only the API server gives out. */
  isClusterAddress(ip: IpAddress): boolean;
}

const keysOf = (texts: readonly string[]): readonly (number | string)[] =>
  texts.flatMap((text) => {
    const ip = parseIp(text);
    return ip === undefined ? [] : [ipKey(ip)];
  });

/** Undefined when it lacks what a service has to have. A headless one has no addresses. */
export function parseService(object: unknown): Service | undefined {
  const name = textAt(object, 'metadata', 'name');
  const namespace = textAt(object, 'metadata', 'namespace');
  if (name === undefined || namespace === undefined) return undefined;
  const single = textAt(object, 'spec', 'clusterIP');
  const plural = textsAt(object, 'spec', 'clusterIPs');
  const balancers = listAt(object, 'status', 'loadBalancer', 'ingress').flatMap(
    (each) => textAt(each, 'ip') ?? [],
  );
  return {
    ref: { name, namespace },
    clusterKeys: keysOf(plural.length > 0 || single === undefined ? plural : [single]),
    outerKeys: keysOf([...textsAt(object, 'spec', 'externalIPs'), ...balancers]),
  };
}

/** Creates an empty store of at most `max` services. */
export function createServiceStore(max: number): ServiceStore {
  const cluster = new Map<number | string, Service>();
  const outer = new Map<number | string, Service>();

  function drop(service: Service): void {
    for (const key of service.clusterKeys) if (cluster.get(key) === service) cluster.delete(key);
    for (const key of service.outerKeys) if (outer.get(key) === service) outer.delete(key);
  }

  return {
    mirror: createMirror<Service>({
      max,
      added(service, before) {
        if (before !== undefined) drop(before);
        for (const key of service.clusterKeys) cluster.set(key, service);
        for (const key of service.outerKeys) if (!outer.has(key)) outer.set(key, service);
      },
      removed: drop,
    }),
    byAddress(ip) {
      const key = ipKey(ip);
      return (cluster.get(key) ?? outer.get(key))?.ref;
    },
    isClusterAddress: (ip) => cluster.has(ipKey(ip)),
  };
}
