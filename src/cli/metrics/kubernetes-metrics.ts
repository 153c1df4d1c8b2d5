import type { Cluster, ResourceStatus } from '../../enrich/kubernetes/cluster.ts';
import { closed } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';

/** What the reading of the Kubernetes API tells of itself. */
export type KubernetesPort = Pick<Cluster, 'status' | 'remembered'>;

const counter = (name: string, help: string) => ({ name, help, kind: 'counter' as const });
const gauge = (name: string, help: string) => ({ name, help, kind: 'gauge' as const });

/** Figures of the Kubernetes API; none where it is not read. */
export function kubernetesMetrics(port: () => KubernetesPort | undefined): readonly Gauges[] {
  const perResource =
    (figure: (status: ResourceStatus) => number): Gauges['read'] =>
    () =>
      (port()?.status() ?? []).map((status) => [[status.resource], figure(status)] as const);
  const labels = [closed('resource')];
  return [
    {
      spec: gauge(
        'telegen_kubernetes_watch',
        'Reading of the Kubernetes API: 1 for the state that each resource is in (listing, watching, away).',
      ),
      labels: [...labels, closed('state')],
      read: () => (port()?.status() ?? []).map(({ resource, state }) => [[resource, state], 1] as const),
    },
    {
      spec: gauge('telegen_kubernetes_objects', 'Objects of the cluster that are kept.'),
      labels,
      read: perResource(({ objects }) => objects),
    },
    {
      spec: gauge(
        'telegen_kubernetes_remembered_pods',
        'Pods that are over or deleted and still remembered.',
      ),
      read: () => {
        const remembered = port()?.remembered();
        return remembered === undefined ? [] : [[[], remembered] as const];
      },
    },
    {
      spec: counter('telegen_kubernetes_events', 'Changes that watches of the Kubernetes API told.'),
      labels,
      read: perResource(({ events }) => events),
    },
    {
      spec: counter('telegen_kubernetes_lists', 'Lists of the Kubernetes API that were read to their end.'),
      labels,
      read: perResource(({ lists }) => lists),
    },
    {
      spec: counter('telegen_kubernetes_malformed', 'Objects of the Kubernetes API that made no sense.'),
      labels,
      read: perResource(({ malformed }) => malformed),
    },
    {
      spec: counter('telegen_kubernetes_refused', 'Objects of the cluster for which there was no room.'),
      labels,
      read: perResource(({ refused }) => refused),
    },
    {
      spec: counter(
        'telegen_kubernetes_failures',
        'Requests to the Kubernetes API that came to nothing, by reason.',
      ),
      labels: [...labels, closed('reason')],
      read: () =>
        (port()?.status() ?? []).flatMap(({ resource, failures }) =>
          Object.entries(failures).map(([reason, count]) => [[resource, reason], count] as const),
        ),
    },
    {
      spec: {
        ...gauge(
          'telegen_kubernetes_last_contact_timestamp_seconds',
          'When the Kubernetes API last said something of a resource, epoch seconds; 0 for never.',
        ),
        unit: 's',
      },
      labels,
      read: perResource(({ lastMs }) => lastMs / 1000),
    },
  ];
}
