import type { IpAddress } from '../../model/ip-address.ts';
import type { ServiceRef, Workload } from '../../model/process.ts';
import { ipKey, parseIp } from '../../net/ip.ts';
import { at, listAt, textAt, textsAt } from './json.ts';
import { createMirror, type Mirror } from './mirror.ts';

/** One address behind a service. */
interface Endpoint {
  readonly key: number | string;
  readonly workload: Workload | undefined;
}

/** What is kept of an EndpointSlice. */
export interface EndpointSlice {
  readonly service: ServiceRef;
  readonly isHeadless: boolean;
  /** Undefined: every port. */
  readonly ports: readonly number[] | undefined;
  readonly endpoints: readonly Endpoint[];
}

/** Addresses behind services, on whatever node: what is known of pods elsewhere. */
export interface EndpointStore {
  readonly mirror: Mirror<EndpointSlice>;
  /** The pod at the address. `byPort`: several may share it, or processes of the node: only the port tells. */
  workloadAt(
    ip: IpAddress,
    port: number,
    byPort: boolean,
  ): { readonly workload: Workload; readonly isLive: boolean } | undefined;
  /** The service that is asked there; of several the one with an address of its own, then by name. */
  serviceAt(ip: IpAddress, port: number): ServiceRef | undefined;
  expire(nowMs: number): void;
  /** Addresses in use. */
  readonly size: number;
  /** Addresses for which there was no room. */
  readonly refused: number;
}

export interface EndpointStoreOptions {
  readonly maxSlices: number;
  readonly maxEndpoints: number;
  readonly rememberMs: number;
  readonly now: () => number;
}

interface Place {
  readonly slice: EndpointSlice;
  readonly workload: Workload | undefined;
  goneMs: number | undefined;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';
const HEADLESS_LABEL = 'service.kubernetes.io/headless';
/** Of one address: pods of a node share its address when they ask for it. */
const MAX_PLACES = 256;

/** Undefined when it lacks what a slice has to have. One that belongs to no service, or holds names, has no endpoints. */
export function parseEndpointSlice(object: unknown): EndpointSlice | undefined {
  const namespace = textAt(object, 'metadata', 'namespace');
  if (namespace === undefined || textAt(object, 'addressType') === undefined) return undefined;
  const name = textAt(object, 'metadata', 'labels', SERVICE_LABEL) ?? '';
  const ports = listAt(object, 'ports').map((each) => at(each, 'port'));
  const numbers = ports.filter((port): port is number => typeof port === 'number');
  return {
    service: { name, namespace },
    isHeadless: at(object, 'metadata', 'labels', HEADLESS_LABEL) !== undefined,
    ports: numbers.length < ports.length ? undefined : numbers,
    endpoints: name === '' ? [] : listAt(object, 'endpoints').flatMap((each) => endpointsOf(each, namespace)),
  };
}

function endpointsOf(endpoint: unknown, namespace: string): Endpoint[] {
  const workload = workloadOf(endpoint, namespace);
  return textsAt(endpoint, 'addresses').flatMap((text) => {
    const ip = parseIp(text);
    return ip === undefined ? [] : [{ key: ipKey(ip), workload }];
  });
}

function workloadOf(endpoint: unknown, namespace: string): Workload | undefined {
  const podName = textAt(endpoint, 'targetRef', 'name');
  if (textAt(endpoint, 'targetRef', 'kind') !== 'Pod' || podName === undefined) return undefined;
  const podUid = textAt(endpoint, 'targetRef', 'uid');
  const nodeName = textAt(endpoint, 'nodeName');
  return {
    podName,
    namespace,
    ...(podUid !== undefined && { podUid }),
    ...(nodeName !== undefined && { nodeName }),
  };
}

/** Creates an empty store. */
export function createEndpointStore(options: EndpointStoreOptions): EndpointStore {
  return new Store(options);
}

class Store implements EndpointStore {
  readonly mirror: Mirror<EndpointSlice>;
  readonly #options: EndpointStoreOptions;
  readonly #places = new Map<number | string, Place[]>();
  /** Addresses that have places that are gone. */
  readonly #gone = new Set<number | string>();
  #refused = 0;

  constructor(options: EndpointStoreOptions) {
    this.#options = options;
    this.mirror = createMirror<EndpointSlice>({
      max: options.maxSlices,
      added: (slice, before) => {
        if (before !== undefined) this.#drop(before);
        for (const endpoint of slice.endpoints) this.#add(slice, endpoint);
      },
      removed: (slice) => this.#drop(slice),
    });
  }

  get size(): number {
    return this.#places.size;
  }

  get refused(): number {
    return this.#refused;
  }

  workloadAt(
    ip: IpAddress,
    port: number,
    byPort: boolean,
  ): { readonly workload: Workload; readonly isLive: boolean } | undefined {
    const places = this.#places.get(ipKey(ip));
    if (places === undefined) return undefined;
    const fits = byPort ? places.filter(({ slice }) => hasPort(slice, port)) : places;
    const live = fits.filter(({ goneMs }) => goneMs === undefined);
    const workload = agreed(live.length > 0 ? live : fits);
    return workload && { workload, isLive: live.length > 0 };
  }

  serviceAt(ip: IpAddress, port: number): ServiceRef | undefined {
    const places = this.#places.get(ipKey(ip));
    let best: EndpointSlice | undefined;
    let bestIsLive = false;
    for (const { slice, goneMs } of places ?? []) {
      if (!hasPort(slice, port)) continue;
      const isLive = goneMs === undefined;
      if (best !== undefined && (bestIsLive !== isLive ? bestIsLive : !comesBefore(slice, best))) continue;
      best = slice;
      bestIsLive = isLive;
    }
    return best?.service;
  }

  expire(nowMs: number): void {
    for (const key of this.#gone) {
      const places = this.#places.get(key) ?? [];
      const kept = places.filter(
        ({ goneMs }) => goneMs === undefined || nowMs - goneMs < this.#options.rememberMs,
      );
      if (kept.length === 0) this.#places.delete(key);
      else this.#places.set(key, kept);
      if (!kept.some(({ goneMs }) => goneMs !== undefined)) this.#gone.delete(key);
    }
  }

  #add(slice: EndpointSlice, { key, workload }: Endpoint): void {
    const places = this.#places.get(key);
    const place: Place = { slice, workload, goneMs: undefined };
    if (places === undefined) {
      if (this.#places.size >= this.#options.maxEndpoints) this.#refused += 1;
      else this.#places.set(key, [place]);
      return;
    }
    // The same place again, with another version of its slice.
    const same = places.findIndex(
      (each) =>
        each.goneMs !== undefined &&
        each.slice.service.name === slice.service.name &&
        each.slice.service.namespace === slice.service.namespace &&
        each.workload?.podName === workload?.podName,
    );
    if (same >= 0) places[same] = place;
    else if (places.length >= MAX_PLACES) this.#refused += 1;
    else places.push(place);
  }

  #drop(slice: EndpointSlice): void {
    const goneMs = this.#options.now();
    for (const { key } of slice.endpoints) {
      for (const place of this.#places.get(key) ?? []) {
        if (place.slice !== slice) continue;
        place.goneMs = goneMs;
        this.#gone.add(key);
      }
    }
  }
}

function hasPort({ ports }: EndpointSlice, port: number): boolean {
  return ports === undefined || ports.includes(port);
}

/** The pod that all places agree on. */
function agreed(places: readonly Place[]): Workload | undefined {
  const [first] = places;
  if (first?.workload === undefined) return undefined;
  const { podName, namespace } = first.workload;
  return places.every(({ workload }) => workload?.podName === podName && workload?.namespace === namespace)
    ? first.workload
    : undefined;
}

/** A headless service stands beside the one that clients use; so it is the second choice. */
function comesBefore(a: EndpointSlice, b: EndpointSlice): boolean {
  if (a.isHeadless !== b.isHeadless) return b.isHeadless;
  const [first, second] = [a, b].map(({ service }) => `${service.namespace}/${service.name}`) as [
    string,
    string,
  ];
  return first < second;
}
