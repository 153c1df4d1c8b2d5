/** One kind of object that is read, and how. The cluster role in deploy/kubernetes grants exactly this. */
export interface Resource {
  /** As in the path and in RBAC rules. */
  readonly name: string;
  /** API group; empty for the core. */
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly ('get' | 'list' | 'watch')[];
}

export const PODS: Resource = { name: 'pods', group: '', version: 'v1', verbs: ['list', 'watch'] };
export const SERVICES: Resource = { name: 'services', group: '', version: 'v1', verbs: ['list', 'watch'] };
export const ENDPOINT_SLICES: Resource = {
  name: 'endpointslices',
  group: 'discovery.k8s.io',
  version: 'v1',
  verbs: ['list', 'watch'],
};
/** Only to ask which CronJob made a Job. */
export const JOBS: Resource = { name: 'jobs', group: 'batch', version: 'v1', verbs: ['get'] };
/** Whose address it is, and the ranges of pod addresses. */
export const NODES: Resource = { name: 'nodes', group: '', version: 'v1', verbs: ['list', 'watch'] };

export const RESOURCES: readonly Resource[] = [PODS, SERVICES, ENDPOINT_SLICES, NODES, JOBS];

/** Path of all objects of a kind. */
export function collectionPath({ group, version, name }: Resource): string {
  return `${group === '' ? '/api' : `/apis/${group}`}/${version}/${name}`;
}

/** Path of one object; `namespace` is absent for kinds that have none. */
export function objectPath(resource: Resource, name: string, namespace?: string): string {
  const { group, version, name: kind } = resource;
  const root = `${group === '' ? '/api' : `/apis/${group}`}/${version}`;
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${place}/${kind}/${encodeURIComponent(name)}`;
}
