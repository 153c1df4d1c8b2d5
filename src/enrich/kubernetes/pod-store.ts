import type { IpAddress } from '../../model/ip-address.ts';
import type { Workload } from '../../model/process.ts';
import { ipKey } from '../../net/ip.ts';
import { createLruMap } from '../lru-map.ts';
import { createMirror, type Mirror } from './mirror.ts';
import type { Pod } from './pod.ts';

/** Pods of this node by whatever events name them with, also some time after they were deleted. */
export interface PodStore {
  readonly mirror: Mirror<Pod>;
  byContainer(id: string): Workload | undefined;
  /** Also by the hash under which the kubelet knows a static pod. */
  byUid(uid: string): Workload | undefined;
  byAddress(ip: IpAddress): { readonly workload: Workload; readonly isLive: boolean } | undefined;
  /** Whether the kubelet calls it an address of this node. */
  isNodeAddress(ip: IpAddress): boolean;
  /** The CronJob that made a Job; undefined: none did, or it cannot be known. */
  tellCronJob(jobUid: string, name: string | undefined): void;
  /** Forgets what was deleted long ago. */
  expire(nowMs: number): void;
  /** Deleted pods that are remembered. */
  readonly remembered: number;
}

export interface PodStoreOptions {
  readonly max: number;
  /** How long a deleted pod is remembered. */
  readonly rememberMs: number;
  /** A Job whose maker is not known yet. */
  readonly onJob: (job: { readonly uid: string; readonly name: string; readonly namespace: string }) => void;
  readonly now: () => number;
}

interface Entry {
  pod: Pod;
  workload: Workload;
  readonly containers: Map<string, Workload>;
  readonly addresses: Set<number | string>;
  /** Since when its addresses are not its own any more. */
  overMs: number | undefined;
  isDeleted: boolean;
}

/** Deleted pods remembered at most; the one deleted first is forgotten first. */
const MAX_REMEMBERED = 1_024;
/** Of one pod: each restart makes a new one. */
const MAX_CONTAINERS = 64;
const MAX_JOBS = 4_096;
const MAX_NODE_ADDRESSES = 64;

/** Creates an empty store. */
export function createPodStore(options: PodStoreOptions): PodStore {
  return new Store(options);
}

class Store implements PodStore {
  readonly mirror: Mirror<Pod>;
  readonly #options: PodStoreOptions;
  readonly #byUid = new Map<string, Entry>();
  readonly #byContainer = new Map<string, Entry>();
  readonly #byAddress = new Map<number | string, Entry>();
  readonly #nodeAddresses = new Set<number | string>();
  /** Over or deleted, in the order in which that was seen. */
  readonly #over = new Set<Entry>();
  /** By uid of the Job; `null`: none. */
  readonly #cronJobs = createLruMap<string, string | null>(MAX_JOBS);

  constructor(options: PodStoreOptions) {
    this.#options = options;
    this.mirror = createMirror<Pod>({
      max: options.max,
      added: (pod) => this.#added(pod),
      removed: (pod) => this.#removed(pod),
    });
  }

  get remembered(): number {
    return this.#over.size;
  }

  byContainer(id: string): Workload | undefined {
    return this.#byContainer.get(id)?.containers.get(id);
  }

  byUid(uid: string): Workload | undefined {
    return this.#byUid.get(uid)?.workload;
  }

  byAddress(ip: IpAddress): { readonly workload: Workload; readonly isLive: boolean } | undefined {
    const entry = this.#byAddress.get(ipKey(ip));
    return entry && { workload: entry.workload, isLive: entry.overMs === undefined };
  }

  isNodeAddress(ip: IpAddress): boolean {
    return this.#nodeAddresses.has(ipKey(ip));
  }

  tellCronJob(jobUid: string, name: string | undefined): void {
    this.#cronJobs.set(jobUid, name ?? null);
    for (const entry of new Set(this.#byUid.values()))
      if (entry.pod.job?.uid === jobUid) this.#describe(entry);
  }

  expire(nowMs: number): void {
    const { rememberMs } = this.#options;
    for (const entry of this.#over) {
      if (nowMs - (entry.overMs ?? 0) < rememberMs && this.#over.size <= MAX_REMEMBERED) break;
      this.#forget(entry);
    }
  }

  #added(pod: Pod): void {
    const known = this.#byUid.get(pod.uid);
    const before = known?.pod;
    const entry = known ?? emptyEntry(pod);
    entry.pod = pod;
    entry.isDeleted = false;
    this.#live(entry, pod);
    this.#byUid.set(pod.uid, entry);
    // The first pod to bear a hash keeps it while it is there: another one that does is an imitation.
    for (const hash of pod.aliases)
      if (this.#byUid.get(hash)?.isDeleted !== false) this.#byUid.set(hash, entry);
    this.#describe(entry);
    for (const { id, name } of pod.containers) this.#container(entry, id, name);
    if (!pod.isOver) for (const ip of pod.addresses) this.#claim(entry, ipKey(ip), before);
    if (this.#nodeAddresses.size < MAX_NODE_ADDRESSES)
      for (const ip of pod.hostAddresses) this.#nodeAddresses.add(ipKey(ip));
    const { job } = pod;
    if (job !== undefined && this.#cronJobs.get(job.uid) === undefined)
      this.#options.onJob({ ...job, namespace: pod.namespace });
  }

  /** Keeps the time at which a pod was over. */
  #live(entry: Entry, pod: Pod): void {
    if (!pod.isOver) {
      entry.overMs = undefined;
      this.#over.delete(entry);
    } else if (entry.overMs === undefined) {
      entry.overMs = this.#options.now();
      this.#over.add(entry);
    }
  }

  #removed({ uid }: Pod): void {
    const entry = this.#byUid.get(uid);
    if (entry === undefined) return;
    entry.isDeleted = true;
    entry.overMs = this.#options.now();
    this.#over.delete(entry);
    this.#over.add(entry);
    this.expire(entry.overMs);
  }

  /**
   * An address goes to the pod that got it last: one that is being deleted may still be told with an address that another
   * has already, so it takes none from others.
   */
  #claim(entry: Entry, key: number | string, before: Pod | undefined): void {
    const holder = this.#byAddress.get(key);
    const isTaken = holder !== undefined && holder !== entry && holder.overMs === undefined;
    const isOld = before?.addresses.some((ip) => ipKey(ip) === key) === true;
    const holds = isTaken && !holder.pod.isTerminating;
    if (holds && (entry.pod.isTerminating || isOld)) return;
    this.#byAddress.set(key, entry);
    entry.addresses.add(key);
  }

  #container(entry: Entry, id: string, name: string): void {
    if (!entry.containers.has(id) && entry.containers.size >= MAX_CONTAINERS) {
      const [oldest = ''] = entry.containers.keys();
      entry.containers.delete(oldest);
      this.#byContainer.delete(oldest);
    }
    entry.containers.set(id, { ...entry.workload, containerId: id, containerName: name });
    this.#byContainer.set(id, entry);
  }

  /** Builds what look-ups give, so that they build nothing. */
  #describe(entry: Entry): void {
    const { uid, name, namespace, nodeName, owners, job } = entry.pod;
    const cronJob = job === undefined ? undefined : this.#cronJobs.get(job.uid);
    const all = typeof cronJob === 'string' ? { cronjob: cronJob, ...owners } : owners;
    entry.workload = {
      podUid: uid,
      podName: name,
      namespace,
      ...(nodeName !== undefined && { nodeName }),
      ...(Object.keys(all).length > 0 && { owners: all }),
      ...(job !== undefined && cronJob === undefined && { partial: true as const }),
    };
    for (const [id, { containerName }] of entry.containers)
      entry.containers.set(id, {
        ...entry.workload,
        containerId: id,
        ...(containerName && { containerName }),
      });
  }

  #forget(entry: Entry): void {
    this.#over.delete(entry);
    for (const key of entry.addresses) if (this.#byAddress.get(key) === entry) this.#byAddress.delete(key);
    entry.addresses.clear();
    // One that has ended is still there, without an address.
    if (!entry.isDeleted) return;
    for (const uid of [entry.pod.uid, ...entry.pod.aliases])
      if (this.#byUid.get(uid) === entry) this.#byUid.delete(uid);
    for (const id of entry.containers.keys())
      if (this.#byContainer.get(id) === entry) this.#byContainer.delete(id);
  }
}

function emptyEntry(pod: Pod): Entry {
  return {
    pod,
    workload: {},
    containers: new Map(),
    addresses: new Set(),
    overMs: undefined,
    isDeleted: false,
  };
}
