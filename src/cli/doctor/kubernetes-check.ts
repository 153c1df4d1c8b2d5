import type { KubernetesConfig } from '../../config/config.ts';
import type { Environment } from '../../enrich/kubernetes/access.ts';
import { findKubernetes, type KubernetesAccess } from '../kubernetes-access.ts';
import type { Check } from './host-checks.ts';

const NAME = 'kubernetes';
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 8 << 20;

/** Whether the Kubernetes API answers, and lets telegen read what it wants to. Nothing telegen cannot do without. */
export async function kubernetesCheck(config: KubernetesConfig, env: Environment): Promise<Check> {
  const found = await findKubernetes(config, env);
  if (found !== undefined) return await askAll(found, config);
  if (config.enabled !== true) return { name: NAME, state: 'ok', detail: 'not in use' };
  const cure = 'set agent.kubernetes.kubeconfig, or run telegen in a pod with a service account';
  return { name: NAME, state: 'degraded', detail: 'switched on, but there is no API to ask', cure };
}

async function askAll({ access, nodeName }: KubernetesAccess, config: KubernetesConfig): Promise<Check> {
  const { createApiClient } = await import('../../enrich/kubernetes/api-client.ts');
  const { asApiError } = await import('../../enrich/kubernetes/api-error.ts');
  const { collectionPath, RESOURCES } = await import('../../enrich/kubernetes/resources.ts');
  const client = createApiClient(access);
  const asked = RESOURCES.filter(
    ({ name, verbs }) => verbs.includes('list') && (config.nodes || name !== 'nodes'),
  );
  const problems = await Promise.all(
    asked.map(async (resource) => {
      const fields = resource.name === 'pods' ? { fieldSelector: `spec.nodeName=${nodeName}` } : {};
      try {
        await client.get({
          path: collectionPath(resource),
          query: { ...fields, limit: '1' },
          signal: AbortSignal.timeout(TIMEOUT_MS),
          silenceMs: TIMEOUT_MS,
          maxBytes: MAX_BYTES,
        });
        return [];
      } catch (error) {
        return [{ resource: resource.name, error: asApiError(error) }];
      }
    }),
  );
  client.close();
  const failed = problems.flat();
  const place = `${access.url.origin}, node ${nodeName}`;
  if (failed.length === 0) return { name: NAME, state: 'ok', detail: `${place}: all of it can be read` };
  const detail = `${place}: ${failed.map(({ resource, error }) => `${resource}: ${error.message}`).join('; ')}`;
  const isForbidden = failed.some(({ error }) => error.reason === 'forbidden');
  const cure = isForbidden
    ? 'grant what deploy/kubernetes/rbac.yaml grants; see docs/kubernetes.md'
    : 'see docs/kubernetes.md; detection goes on without, only names are missing';
  return { name: NAME, state: 'degraded', detail, cure };
}
