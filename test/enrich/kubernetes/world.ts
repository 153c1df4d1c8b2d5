import { onTestFinished } from 'vitest';
import type { ApiAccess } from '../../../src/enrich/kubernetes/access.ts';
import type { ApiError } from '../../../src/enrich/kubernetes/api-error.ts';
import {
  type Cluster,
  type ClusterOptions,
  openCluster,
  type ResourceStatus,
} from '../../../src/enrich/kubernetes/cluster.ts';
import type { WatchTimes } from '../../../src/enrich/kubernetes/resource-watch.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type KubernetesApi,
  type KubernetesApiOptions,
  openKubernetesApi,
} from '../../support/kubernetes-api.ts';

/** Nothing here waits for these: they are short so that trying again costs a test nothing. */
export const TIMES: WatchTimes = { backoffMinMs: 2, backoffMaxMs: 20, watchMs: 60_000, silenceMs: 20_000 };

export const WATCHED = ['pods', 'services', 'endpointslices', 'nodes'] as const;

export const ip = (text: string) => parseIp(text)!;

export interface World {
  readonly api: KubernetesApi;
  readonly cluster: Cluster;
  readonly problems: ApiError[];
  readonly status: (resource: string) => ResourceStatus;
  /** Waits until all lists were read and all watches are open. */
  readonly settled: () => Promise<void>;
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
}

/** A server, closed with the test. */
export async function openApi(options?: KubernetesApiOptions): Promise<KubernetesApi> {
  const api = await openKubernetesApi(options);
  onTestFinished(() => api.stop());
  return api;
}

export const plainAccess = (api: KubernetesApi): ApiAccess => ({
  url: new URL(api.url),
  source: 'test',
  credentials: () => Promise.resolve({}),
});

/** A cluster that reads the server, closed with the test. */
export function readCluster(api: KubernetesApi, options: Partial<ClusterOptions> = {}): World {
  const problems: ApiError[] = [];
  const cluster = openCluster({
    access: plainAccess(api),
    nodeName: 'node-1',
    nodes: true,
    times: TIMES,
    onProblem: (_resource, error) => problems.push(error),
    onWatching: () => undefined,
    ...options,
  });
  onTestFinished(() => cluster.close());
  const status = (resource: string): ResourceStatus =>
    cluster.status().find((each) => each.resource === resource)!;
  const until = (what: string, holds: () => boolean): Promise<void> =>
    eventually(
      holds,
      () => `${what}; status: ${JSON.stringify(cluster.status())} ${problems.slice(-5).join('; ')}`,
    );
  return {
    api,
    cluster,
    problems,
    status,
    until,
    settled: () =>
      until('all lists and watches', () =>
        cluster.status().every(({ resource, isComplete }) => isComplete && api.watchers(resource) > 0),
      ),
  };
}
