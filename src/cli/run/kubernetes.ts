import type { KubernetesConfig } from '../../config/config.ts';
import type { Environment } from '../../enrich/kubernetes/access.ts';
import type { Cluster } from '../../enrich/kubernetes/cluster.ts';
import { createReporter } from '../../telemetry/export/rate-limited-report.ts';
import { findKubernetes } from '../kubernetes-access.ts';
import type { Diagnostics } from './diagnostics.ts';

/** An outage is a line a minute. */
const REPORT_MS = 60_000;
const NO_API =
  'agent.kubernetes.enabled is true, but there is no API to ask: telegen runs in no pod, and agent.kubernetes.kubeconfig is not set';

/** Begins to read the cluster, when there is one to be read; waits for nothing. */
export async function openKubernetes(
  config: KubernetesConfig,
  { env, diagnostics }: { readonly env: Environment; readonly diagnostics: Diagnostics },
): Promise<Cluster | undefined> {
  const found = await findKubernetes(config, env);
  if (found === undefined) {
    if (config.enabled === true) diagnostics.warn(NO_API);
    return undefined;
  }
  const { access, nodeName } = found;
  const { openCluster } = await import('../../enrich/kubernetes/cluster.ts');
  const reporter = createReporter({
    onReport: ({ level, message }) =>
      level === 'error' ? diagnostics.warn(message) : diagnostics.info(message),
    intervalMs: REPORT_MS,
    now: Date.now,
  });
  diagnostics.info(`Kubernetes: pods of node ${nodeName} out of ${access.url.origin} (${access.source})`);
  const tellNoPods = once(() =>
    diagnostics.warn(
      `Kubernetes: node ${nodeName} has no pods; if that is not its name, set agent.kubernetes.node_name`,
    ),
  );
  const cluster: Cluster = openCluster({
    access,
    nodeName,
    nodes: config.nodes,
    onProblem: (resource, { message }) =>
      reporter.problem(resource, `Kubernetes: ${resource} cannot be read: ${message}; trying again`),
    onWatching() {
      const status = cluster.status();
      // On a node of a cluster there are always some.
      if (
        status.some(({ resource, isComplete, objects }) => resource === 'pods' && isComplete && objects === 0)
      )
        tellNoPods();
      if (status.every(({ state }) => state === 'watching'))
        reporter.recovered(() => 'Kubernetes: the API answers again');
    },
  });
  return cluster;
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
