import type { IpAddress } from '../../model/ip-address.ts';
import type { ClusterLookup } from '../../model/lookup.ts';
import type { ServiceRef, Workload } from '../../model/process.ts';
import type { ContainerRef } from '../cgroup-parse.ts';
import type { ApiAccess } from './access.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import { type CronJobs, type CronJobsCounters, createCronJobs } from './cron-jobs.ts';
import { createEndpointStore, parseEndpointSlice } from './endpoint-store.ts';
import type { Mirror } from './mirror.ts';
import { createNodeStore, parseNode } from './node-store.ts';
import { parsePod } from './pod.ts';
import { createPodStore } from './pod-store.ts';
import { WATCH_TIMES, type WatchCounters, type WatchTimes, watchResource } from './resource-watch.ts';
import { ENDPOINT_SLICES, JOBS, NODES, PODS, type Resource, SERVICES } from './resources.ts';
import { createServiceStore, parseService } from './service-store.ts';

/** How the reading of one resource stands. */
export interface ResourceStatus extends Readonly<WatchCounters> {
  readonly resource: string;
  /** Objects that are kept. */
  readonly objects: number;
}

/** What a running agent knows of its cluster. Look-ups are local and never wait; the API may be away for good. */
export interface Cluster extends ClusterLookup {
  /** All that is known of a container or pod that a cgroup names; undefined when the API has not told of it. */
  workloadOf(ref: ContainerRef): Workload | undefined;
  status(): readonly ResourceStatus[];
  /** Deleted pods that are remembered. */
  remembered(): number;
  /** Questions about Jobs. */
  jobs(): Readonly<CronJobsCounters>;
  tick(nowMs: number): void;
  close(): Promise<void>;
}

export interface ClusterBounds {
  /** Of this node. */
  readonly pods: number;
  readonly services: number;
  readonly slices: number;
  readonly endpoints: number;
  readonly nodes: number;
}

export interface ClusterOptions {
  readonly access: ApiAccess;
  /** Name of this node: only its pods are read. */
  readonly nodeName: string;
  /** Whether the nodes of the cluster are read, too. */
  readonly nodes: boolean;
  readonly onProblem: (resource: string, error: ApiError) => void;
  /** A watch has been opened, for the first time or again. */
  readonly onWatching: () => void;
  readonly bounds?: Partial<ClusterBounds>;
  readonly times?: WatchTimes;
  readonly rememberMs?: number;
  readonly now?: () => number;
}

const BOUNDS: ClusterBounds = {
  pods: 2_048,
  services: 16_384,
  slices: 32_768,
  endpoints: 65_536,
  nodes: 8_192,
};
/** Longer than anything is said about a connection of a pod that was deleted. */
const REMEMBER_MS = 300_000;
const EXPIRE_EVERY_MS = 10_000;

/** Begins to read the cluster, and returns at once. */
export function openCluster(options: ClusterOptions): Cluster {
  return new ReadCluster(options);
}

class ReadCluster implements Cluster {
  readonly #pods: ReturnType<typeof createPodStore>;
  readonly #services: ReturnType<typeof createServiceStore>;
  readonly #endpoints: ReturnType<typeof createEndpointStore>;
  readonly #nodes: ReturnType<typeof createNodeStore>;
  readonly #cronJobs: CronJobs;
  readonly #client: ApiClient;
  readonly #end = new AbortController();
  readonly #watches: { status: () => ResourceStatus; done: Promise<void> }[] = [];
  readonly #options: ClusterOptions;
  #nodesComplete: () => boolean = () => false;
  #expiredMs = 0;

  constructor(options: ClusterOptions) {
    const { rememberMs = REMEMBER_MS, times = WATCH_TIMES, now = Date.now, nodeName } = options;
    const bounds = { ...BOUNDS, ...options.bounds };
    this.#options = options;
    this.#client = createApiClient(options.access);
    this.#cronJobs = createCronJobs({
      client: this.#client,
      times,
      signal: this.#end.signal,
      onAnswer: (jobUid, name) => this.#pods.tellCronJob(jobUid, name),
      onFailure: (error) => options.onProblem(JOBS.name, error),
    });
    this.#pods = createPodStore({
      max: bounds.pods,
      rememberMs,
      onJob: (job) => this.#cronJobs.ask(job),
      now,
    });
    this.#services = createServiceStore(bounds.services);
    this.#endpoints = createEndpointStore({
      maxSlices: bounds.slices,
      maxEndpoints: bounds.endpoints,
      rememberMs,
      now,
    });
    this.#nodes = createNodeStore(bounds.nodes);
    const { mirror: endpoints } = this.#endpoints;
    const common = { times, now };
    this.#watch(PODS, {
      ...common,
      parse: parsePod,
      mirror: this.#pods.mirror,
      fieldSelector: `spec.nodeName=${nodeName}`,
    });
    this.#watch(SERVICES, { ...common, parse: parseService, mirror: this.#services.mirror });
    this.#watch(ENDPOINT_SLICES, { ...common, parse: parseEndpointSlice, mirror: endpoints });
    if (!options.nodes) return;
    const counters = this.#watch(NODES, { ...common, parse: parseNode, mirror: this.#nodes.mirror });
    this.#nodesComplete = () => counters.isComplete;
  }

  workloadOf({ containerId, podUid }: ContainerRef): Workload | undefined {
    const container = containerId === undefined ? undefined : this.#pods.byContainer(containerId);
    if (container !== undefined) return container;
    const pod = podUid === undefined ? undefined : this.#pods.byUid(podUid);
    // The sandbox of a pod is no container of its list; others are told a moment later.
    return pod === undefined || containerId === undefined ? pod : { ...pod, containerId, partial: true };
  }

  workloadAt(ip: IpAddress, port: number): Workload | undefined {
    const local = this.#pods.byAddress(ip);
    if (local?.isLive === true) return local.workload;
    const node = this.#nodes.byAddress(ip);
    const isShared = node !== undefined || this.#pods.isNodeAddress(ip) || !this.#nodesComplete();
    const endpoint = this.#endpoints.workloadAt(ip, port, isShared);
    if (endpoint?.isLive === true || local === undefined) {
      const { podUid } = endpoint?.workload ?? {};
      const known = podUid === undefined ? undefined : this.#pods.byUid(podUid);
      return known ?? endpoint?.workload ?? node;
    }
    return local.workload;
  }

  serviceAt(ip: IpAddress, port: number): ServiceRef | undefined {
    return this.#services.byAddress(ip) ?? this.#endpoints.serviceAt(ip, port);
  }

  isOwn(ip: IpAddress): boolean {
    return (
      this.#services.isClusterAddress(ip) ||
      this.#pods.byAddress(ip) !== undefined ||
      this.#pods.isNodeAddress(ip) ||
      this.#nodes.isPodAddress(ip)
    );
  }

  status(): readonly ResourceStatus[] {
    return this.#watches.map(({ status }) => status());
  }

  remembered(): number {
    return this.#pods.remembered;
  }

  jobs(): Readonly<CronJobsCounters> {
    return this.#cronJobs.counters;
  }

  tick(nowMs: number): void {
    if (nowMs - this.#expiredMs < EXPIRE_EVERY_MS) return;
    this.#expiredMs = nowMs;
    this.#pods.expire(nowMs);
    this.#endpoints.expire(nowMs);
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#client.close();
    await Promise.all(this.#watches.map(({ done }) => done));
  }

  #watch<T>(
    resource: Resource,
    reading: {
      readonly parse: (object: unknown) => T | undefined;
      readonly mirror: Mirror<T>;
      readonly fieldSelector?: string;
      readonly times: WatchTimes;
      readonly now: () => number;
    },
  ): Readonly<WatchCounters> {
    const { name } = resource;
    const { onProblem, onWatching } = this.#options;
    const { counters, done } = watchResource({
      ...reading,
      client: this.#client,
      resource,
      signal: this.#end.signal,
      onFailure: (error) => onProblem(name, error),
      onWatching,
    });
    const refusedBeside = name === ENDPOINT_SLICES.name ? () => this.#endpoints.refused : () => 0;
    this.#watches.push({
      status: () => ({
        ...counters,
        resource: name,
        objects: reading.mirror.size,
        refused: counters.refused + refusedBeside(),
      }),
      done,
    });
    return counters;
  }
}
