import { ATTR } from '../../model/attributes.ts';
import type { ConversationFacts } from '../../model/conversation.ts';
import { OWNER_KINDS, type Workload } from '../../model/process.ts';
import { OWNER_ATTR } from '../../net/workload-attributes.ts';
import type { FieldValue } from '../match/value.ts';
import type { FieldSpec } from './event-class.ts';

type Fields<E> = readonly FieldSpec<E>[];
type WorkloadOf<E> = (event: E) => Workload | undefined;

/** Names in which keywords are not looked for. */
const named = <E>(names: readonly string[], read: (event: E) => FieldValue): FieldSpec<E> => ({
  names,
  read,
  keywords: false,
});

function ownerFields<E>(side: 'own' | 'peer', workloadOf: WorkloadOf<E>): Fields<E> {
  return OWNER_KINDS.map((kind) => {
    const name = OWNER_ATTR[kind][side];
    // Elastic's name; it has none for what is at the other end.
    const names = side === 'own' ? [name, `kubernetes.${kind}.name`] : [name];
    return named(names, (event) => workloadOf(event)?.owners?.[kind]);
  });
}

/** Where the process of an event runs, under our names and Elastic's. */
export function workloadFields<E extends { readonly workload?: Workload | undefined }>(): Fields<E> {
  return [
    named([ATTR.containerId], ({ workload }) => workload?.containerId),
    named([ATTR.containerName, 'kubernetes.container.name'], ({ workload }) => workload?.containerName),
    named([ATTR.podName, 'kubernetes.pod.name'], ({ workload }) => workload?.podName),
    named([ATTR.podUid, 'kubernetes.pod.uid'], ({ workload }) => workload?.podUid),
    named(
      [ATTR.namespaceName, 'kubernetes.namespace', 'orchestrator.namespace'],
      ({ workload }) => workload?.namespace,
    ),
    named([ATTR.k8sNodeName, 'kubernetes.node.name'], ({ workload }) => workload?.nodeName),
    ...ownerFields<E>('own', ({ workload }) => workload),
  ];
}

/** What the cluster knows of the far end, and the service that was asked. */
export function clusterFields<E extends ConversationFacts>(): Fields<E> {
  const asked = ({ role, service }: E) => (role === 'server' ? undefined : service);
  return [
    named([ATTR.serviceName], ({ role, service }) => (role === 'server' ? service?.name : undefined)),
    named([ATTR.peerPodName], ({ peerWorkload }) => peerWorkload?.podName),
    named([ATTR.peerPodUid], ({ peerWorkload }) => peerWorkload?.podUid),
    named([ATTR.peerNamespaceName], (event) => event.peerWorkload?.namespace ?? asked(event)?.namespace),
    named([ATTR.peerNodeName], ({ peerWorkload }) => peerWorkload?.nodeName),
    named([ATTR.peerServiceName], (event) => asked(event)?.name),
    ...ownerFields<E>('peer', ({ peerWorkload }) => peerWorkload),
  ];
}
