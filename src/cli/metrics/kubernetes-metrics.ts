import type { Cluster, ResourceStatus } from '../../enrich/kubernetes/cluster.ts';
import { closed } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';

/** What the reading of the Kubernetes API tells of itself. */
export type KubernetesPort = Pick<Cluster, 'status' | 'remembered' | 'jobs'>;

const counter = (name: string, help: string) => ({ name, help, kind: 'counter' as const });
const gauge = (name: string, help: string) => ({ name, help, kind: 'gauge' as const });

type Port = () => KubernetesPort | undefined;

const LABELS = [closed('resource')];

const perResource =
  (port: Port, figure: (status: ResourceStatus) => number): Gauges['read'] =>
  () =>
    (port()?.status() ?? []).map((status) => [[status.resource], figure(status)] as const);

/** Figures of the Kubernetes API; none where it is not read. */
export function kubernetesMetrics(port: Port): readonly Gauges[] {
  return [...states(port), ...counts(port)];
}

function states(port: Port): readonly Gauges[] {
  return [
    {
      spec: gauge(
        'telegen_kubernetes_watch',
        'Reading of the Kubernetes API: 1 for the state that each resource is in (listing, watching, away).',
      ),
      labels: [...LABELS, closed('state')],
      read: () => (port()?.status() ?? []).map(({ resource, state }) => [[resource, state], 1] as const),
    },
    {
      spec: gauge('telegen_kubernetes_objects', 'Objects of the cluster that are kept.'),
      labels: LABELS,
      read: perResource(port, ({ objects }) => objects),
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
      spec: {
        ...gauge(
          'telegen_kubernetes_last_contact_timestamp_seconds',
          'When the Kubernetes API last said something of a resource, epoch seconds; 0 for never.',
        ),
        unit: 's',
      },
      labels: LABELS,
      read: perResource(port, ({ lastMs }) => lastMs / 1000),
    },
  ];
}

function counts(port: Port): readonly Gauges[] {
  const kinds: readonly (readonly [
    name: string,
    help: string,
    figure: (status: ResourceStatus) => number,
  ])[] = [
    ['events', 'Changes that watches of the Kubernetes API told.', ({ events }) => events],
    ['lists', 'Lists of the Kubernetes API that were read to their end.', ({ lists }) => lists],
    ['malformed', 'Objects of the Kubernetes API that made no sense.', ({ malformed }) => malformed],
    ['refused', 'Objects of the cluster for which there was no room.', ({ refused }) => refused],
  ];
  return [
    {
      spec: counter(
        'telegen_kubernetes_jobs',
        'Questions to the Kubernetes API about Jobs (asked; failed of these; refused: no room to wait).',
      ),
      labels: [closed('result')],
      read: () => Object.entries(port()?.jobs() ?? {}).map(([result, count]) => [[result], count] as const),
    },
    ...kinds.map(([name, help, figure]) => ({
      spec: counter(`telegen_kubernetes_${name}`, help),
      labels: LABELS,
      read: perResource(port, figure),
    })),
    {
      spec: counter(
        'telegen_kubernetes_failures',
        'Requests to the Kubernetes API that came to nothing, by reason.',
      ),
      labels: [...LABELS, closed('reason')],
      read: () =>
        (port()?.status() ?? []).flatMap(({ resource, failures }) =>
          Object.entries(failures).map(([reason, count]) => [[resource, reason], count] as const),
        ),
    },
  ];
}
