import { POD_LOGS_DIR } from './defaults.ts';
import * as leaf from './leaf.ts';

/** `agent.kubernetes`. */
export const kubernetesSchema = leaf.section('Kubernetes', {
  enabled: leaf.choice(['auto', true, false], 'auto', {
    active: true,
    description:
      'Name pods, namespaces, owners and services at both ends; auto: with what there is of `pod_logs_dir` and the API; true: warn when there is no API; false: neither.',
  }),
  pod_logs_dir: leaf.path(POD_LOGS_DIR, {
    active: true,
    description:
      "Folder of the kubelet's pod logs; pod names are read from it where the API has not told them.",
  }),
  kubeconfig: leaf.optionalPath({
    active: true,
    description:
      'How to reach the API, instead of the service account of the pod that telegen runs in (docs/kubernetes.md).',
  }),
  node_name: leaf.optionalName({
    active: true,
    description:
      "Name of this node, whose pods are read; default: the environment's `K8S_NODE_NAME` or `NODE_NAME`, else the host name.",
  }),
  nodes: leaf.flag(true, {
    active: true,
    description:
      'Read the nodes of the cluster, too: names for their addresses, and the ranges of pod addresses, which count as internal.',
  }),
});
