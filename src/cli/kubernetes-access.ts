import { hostname } from 'node:os';
import type { KubernetesConfig } from '../config/config.ts';
import type { ApiAccess, Environment } from '../enrich/kubernetes/access.ts';

/** How to reach the API, and which node this is. */
export interface KubernetesAccess {
  readonly access: ApiAccess;
  readonly nodeName: string;
}

/**
 * Undefined when Kubernetes is switched off or there is no API to ask; nothing of it is loaded then. Throws
 * TELEGEN_CONFIG for a kubeconfig that cannot be used.
 */
export async function findKubernetes(
  { enabled, kubeconfig, nodeName }: KubernetesConfig,
  env: Environment,
): Promise<KubernetesAccess | undefined> {
  if (enabled === false) return undefined;
  const access = await accessOf(kubeconfig, env);
  if (access === undefined) return undefined;
  return { access, nodeName: nodeName ?? (env.K8S_NODE_NAME || env.NODE_NAME || hostname().toLowerCase()) };
}

async function accessOf(kubeconfig: string | undefined, env: Environment): Promise<ApiAccess | undefined> {
  if (kubeconfig !== undefined)
    return (await import('../enrich/kubernetes/kubeconfig.ts')).kubeconfigAccess(kubeconfig);
  if (!env.KUBERNETES_SERVICE_HOST) return undefined;
  return (await import('../enrich/kubernetes/access.ts')).serviceAccountAccess(env);
}
