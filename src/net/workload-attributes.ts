import { ATTR } from '../model/attributes.ts';
import type { ConversationFacts } from '../model/conversation.ts';
import type { AttributeValue } from '../model/finding.ts';
import { OWNER_KINDS, type OwnerKind, type Workload } from '../model/process.ts';

type Named = Readonly<Record<string, AttributeValue | undefined>>;

const NOTHING: Named = {};

/** Name of the attribute that holds an owner's name, for this side and for the other. */
export const OWNER_ATTR: Readonly<Record<OwnerKind, { readonly own: string; readonly peer: string }>> = {
  deployment: { own: ATTR.deploymentName, peer: ATTR.peerDeploymentName },
  statefulset: { own: ATTR.statefulSetName, peer: ATTR.peerStatefulSetName },
  daemonset: { own: ATTR.daemonSetName, peer: ATTR.peerDaemonSetName },
  cronjob: { own: ATTR.cronJobName, peer: ATTR.peerCronJobName },
  job: { own: ATTR.jobName, peer: ATTR.peerJobName },
  replicaset: { own: ATTR.replicaSetName, peer: ATTR.peerReplicaSetName },
};

function ownerAttributes({ owners }: Workload, side: 'own' | 'peer'): Named {
  if (owners === undefined) return NOTHING;
  return Object.fromEntries(OWNER_KINDS.map((kind) => [OWNER_ATTR[kind][side], owners[kind]]));
}

/** Container, pod and what keeps it running, of this side. Undefined values are not known. */
export function workloadAttributes(workload: Workload | undefined): Named {
  if (workload === undefined) return NOTHING;
  return {
    [ATTR.containerId]: workload.containerId,
    [ATTR.containerName]: workload.containerName,
    [ATTR.podName]: workload.podName,
    [ATTR.podUid]: workload.podUid,
    [ATTR.namespaceName]: workload.namespace,
    [ATTR.k8sNodeName]: workload.nodeName,
    ...ownerAttributes(workload, 'own'),
  };
}

function peerAttributes({ peerWorkload: peer, service, role }: ConversationFacts): Named {
  const asked = role === 'server' ? undefined : service;
  return {
    [ATTR.peerPodName]: peer?.podName,
    [ATTR.peerPodUid]: peer?.podUid,
    // A service and the pods behind it are always in one namespace.
    [ATTR.peerNamespaceName]: peer?.namespace ?? asked?.namespace,
    [ATTR.peerNodeName]: peer?.nodeName,
    [ATTR.peerServiceName]: asked?.name,
    ...(peer === undefined ? NOTHING : ownerAttributes(peer, 'peer')),
  };
}

/** Where both ends of a conversation run: this side as `k8s.*`, the other as `net.peer.k8s.*`. */
export function placeAttributes(event: ConversationFacts): Named {
  const { workload, peerWorkload, service, role } = event;
  const own = workloadAttributes(workload);
  if (peerWorkload === undefined && service === undefined) return own;
  return {
    ...own,
    [ATTR.serviceName]: role === 'server' ? service?.name : undefined,
    ...peerAttributes(event),
  };
}
