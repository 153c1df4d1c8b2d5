import type { IpAddress } from '../../model/ip-address.ts';
import type { OwnerKind, Workload } from '../../model/process.ts';
import { parseIp } from '../../net/ip.ts';
import { listAt, objectOf, textAt } from './json.ts';

/** What is kept of a pod. */
export interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Other uids that its cgroups may bear: static pods are known to the kubelet by a hash. */
  readonly aliases: readonly string[];
  readonly owners: NonNullable<Workload['owners']>;
  /** The Job that made it; which CronJob made that one has to be asked. */
  readonly job: { readonly uid: string; readonly name: string } | undefined;
  /** Addresses of its own; none while it shares those of the node. */
  readonly addresses: readonly IpAddress[];
  /** Addresses of the node, as the kubelet tells them. */
  readonly hostAddresses: readonly IpAddress[];
  readonly nodeName: string | undefined;
  readonly containers: readonly { readonly id: string; readonly name: string }[];
  /** All of its containers have ended for good: its addresses are not its own any more. */
  readonly isOver: boolean;
  /** It is being deleted: its addresses may be given to another at any moment. */
  readonly isTerminating: boolean;
}

/** Anybody may write annotations: only what no uid of a pod looks like is believed. */
const STATIC_HASH = /^[0-9a-f]{32}$/;
const MIRROR_ANNOTATIONS = ['kubernetes.io/config.hash', 'kubernetes.io/config.mirror'];
const STATUS_LISTS = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'];
/** `containerd://<id>`, `cri-o://<id>`, `docker://<id>`. */
const CONTAINER_ID = /^[a-z][a-z0-9+.-]*:\/\/([0-9a-f]{64})$/;
const KINDS: Readonly<Record<string, OwnerKind>> = {
  StatefulSet: 'statefulset',
  DaemonSet: 'daemonset',
  Job: 'job',
  ReplicaSet: 'replicaset',
};

/** Undefined when it lacks what a pod has to have. */
export function parsePod(object: unknown): Pod | undefined {
  const uid = textAt(object, 'metadata', 'uid');
  const name = textAt(object, 'metadata', 'name');
  const namespace = textAt(object, 'metadata', 'namespace');
  if (uid === undefined || name === undefined || namespace === undefined) return undefined;
  const phase = textAt(object, 'status', 'phase');
  const controller = controllerOf(object);
  return {
    uid,
    name,
    namespace,
    aliases: MIRROR_ANNOTATIONS.map((key) => textAt(object, 'metadata', 'annotations', key) ?? '').filter(
      (hash) => STATIC_HASH.test(hash),
    ),
    owners: ownersOf(object, controller),
    job: controller?.kind === 'Job' ? { uid: controller.uid, name: controller.name } : undefined,
    addresses: hasHostNetwork(object) ? [] : addressesAt(object, 'podIPs', 'podIP'),
    hostAddresses: addressesAt(object, 'hostIPs', 'hostIP'),
    nodeName: textAt(object, 'spec', 'nodeName'),
    containers: STATUS_LISTS.flatMap((list) => listAt(object, 'status', list).flatMap(containersOf)),
    isOver: phase === 'Succeeded' || phase === 'Failed',
    isTerminating: textAt(object, 'metadata', 'deletionTimestamp') !== undefined,
  };
}

interface Controller {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

function controllerOf(object: unknown): Controller | undefined {
  const found = listAt(object, 'metadata', 'ownerReferences').find(
    (each) => objectOf(each)?.controller === true,
  );
  const kind = textAt(found, 'kind');
  const name = textAt(found, 'name');
  const uid = textAt(found, 'uid');
  return kind === undefined || name === undefined || uid === undefined ? undefined : { kind, name, uid };
}

/**
 * The Deployment is told by its ReplicaSet, which the deployment controller names `<deployment>-<hash>` and whose pods it
 * labels with that hash. So nobody has to be asked, and ReplicaSets need not be readable.
 */
function ownersOf(object: unknown, controller: Controller | undefined): Pod['owners'] {
  const kind = controller === undefined ? undefined : KINDS[controller.kind];
  if (controller === undefined || kind === undefined) return {};
  const hash = textAt(object, 'metadata', 'labels', 'pod-template-hash');
  if (kind === 'replicaset' && hash !== undefined && controller.name.endsWith(`-${hash}`))
    return { deployment: controller.name.slice(0, -hash.length - 1) };
  return { [kind]: controller.name };
}

function hasHostNetwork(object: unknown): boolean {
  return objectOf(objectOf(object)?.spec)?.hostNetwork === true;
}

/** `plural` holds objects with an `ip`; servers before dual stack have only the single one. */
function addressesAt(object: unknown, plural: string, single: string): readonly IpAddress[] {
  const texts = listAt(object, 'status', plural).flatMap((each) => textAt(each, 'ip') ?? []);
  const one = textAt(object, 'status', single);
  const all = texts.length > 0 || one === undefined ? texts : [one];
  return all.flatMap((text) => parseIp(text) ?? []);
}

/** The container as it runs, and as it ran before its last restart. */
function containersOf(status: unknown): { id: string; name: string }[] {
  const name = textAt(status, 'name');
  if (name === undefined) return [];
  const ids = [textAt(status, 'containerID'), textAt(status, 'lastState', 'terminated', 'containerID')];
  return ids.flatMap((text) => {
    const id = text === undefined ? undefined : CONTAINER_ID.exec(text)?.[1];
    return id === undefined ? [] : [{ id, name }];
  });
}
