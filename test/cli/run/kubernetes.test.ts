import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kubernetesCheck } from '../../../src/cli/doctor/kubernetes-check.ts';
import { findKubernetes } from '../../../src/cli/kubernetes-access.ts';
import { openKubernetes } from '../../../src/cli/run/kubernetes.ts';
import type { KubernetesConfig } from '../../../src/config/config.ts';
import { scratchFolder } from '../../enrich/fake-proc.ts';
import { eventually } from '../../support/eventually.ts';
import { type KubernetesApi, openKubernetesApi } from '../../support/kubernetes-api.ts';
import { podObject } from '../../support/kubernetes-objects.ts';

const config = (some: Partial<KubernetesConfig> = {}): KubernetesConfig => ({
  enabled: 'auto',
  podLogsDir: '/var/log/pods',
  nodes: true,
  ...some,
});

async function openApi(): Promise<{ api: KubernetesApi; kubeconfig: string }> {
  const api = await openKubernetesApi();
  onTestFinished(() => api.stop());
  const kubeconfig = join(scratchFolder(), 'config');
  const clusters = [{ name: 'c', cluster: { server: api.url } }];
  const contexts = [{ name: 'x', context: { cluster: 'c' } }];
  writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'x', contexts, clusters }));
  return { api, kubeconfig };
}

async function open(some: Partial<KubernetesConfig>, env = {}) {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const cluster = await openKubernetes(config(some), {
    env,
    diagnostics: { info: say, warn: say, error: say },
  });
  onTestFinished(async () => cluster?.close());
  return { cluster, said };
}

describe('whether the API is read', () => {
  it.each([
    ['auto, outside a cluster', {}, []],
    ['switched off', { enabled: false, kubeconfig: '/not/there' } as const, []],
    [
      'on, but there is none',
      { enabled: true } as const,
      [
        'agent.kubernetes.enabled is true, but there is no API to ask: telegen runs in no pod, and agent.kubernetes.kubeconfig is not set',
      ],
    ],
  ])('not: %s', async (_title, some, words) => {
    const { cluster, said } = await open(some);
    expect(cluster).toBeUndefined();
    expect(said).toEqual(words);
  });

  it('by kubeconfig, and says so', async () => {
    const { api, kubeconfig } = await openApi();
    api.put('pods', podObject({ name: 'a', node: 'node-7' }));
    const { cluster, said } = await open({ kubeconfig, nodeName: 'node-7' });
    await eventually(
      () => cluster?.status().every(({ state }) => state === 'watching') === true,
      'the watches',
    );
    expect(said).toEqual([
      `Kubernetes: pods of node node-7 out of ${api.url} (kubeconfig ${kubeconfig}, context x)`,
    ]);
  });

  it('a kubeconfig that cannot be used is an error of the configuration', async () => {
    await expect(open({ kubeconfig: '/not/there' })).rejects.toMatchObject({ code: 'TELEGEN_CONFIG' });
  });
});

it('an outage is told, and its end when all is read again, not before', async () => {
  const { api, kubeconfig } = await openApi();
  api.put('pods', podObject({ name: 'a', node: 'n' }));
  const { cluster, said } = await open({ kubeconfig, nodeName: 'n' });
  const all = (state: string) => () => cluster?.status().every((each) => each.state === state) === true;
  await eventually(all('watching'), 'the watches');
  await api.stop();
  await eventually(all('away'), 'the failures');
  const isTold = () => said.includes('Kubernetes: the API answers again');
  expect(said.filter((line) => line.includes('cannot be read'))).toHaveLength(4);
  expect(isTold()).toBe(false);
  await api.restart();
  await eventually(all('watching'), 'the watches again');
  expect(isTold()).toBe(true);
});

describe('the name of the node', () => {
  const cluster = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
  it.each([
    ['the setting', { nodeName: 'set' }, { ...cluster, K8S_NODE_NAME: 'k8s', NODE_NAME: 'node' }, 'set'],
    ['the environment', {}, { ...cluster, K8S_NODE_NAME: 'k8s', NODE_NAME: 'node' }, 'k8s'],
    ['the environment, by another name', {}, { ...cluster, NODE_NAME: 'node' }, 'node'],
  ])('is out of %s', async (_title, some, env, name) => {
    expect((await findKubernetes(config(some), env))?.nodeName).toBe(name);
  });

  it('that has no pods is told once', async () => {
    const { api, kubeconfig } = await openApi();
    const { cluster, said } = await open({ kubeconfig, nodeName: 'wrong' });
    const warnings = () => said.filter((line) => line.includes('node wrong has no pods'));
    await eventually(() => warnings().length > 0, 'the warning');
    api.cut('services', 'reset');
    api.bookmark('pods');
    await eventually(
      () => cluster?.status().find(({ resource }) => resource === 'services')?.failures.unreachable === 1,
      'the failure',
    );
    await eventually(() => api.watchers('services') === 1, 'another watch');
    expect(warnings()).toEqual([
      'Kubernetes: node wrong has no pods; if that is not its name, set agent.kubernetes.node_name',
    ]);
  });
});

describe('doctor', () => {
  it.each([
    ['not in use', {}, { state: 'ok', detail: 'not in use' }],
    [
      'switched on without an API',
      { enabled: true } as const,
      { state: 'degraded', detail: 'switched on, but there is no API to ask' },
    ],
  ])('%s', async (_title, some, expected) => {
    expect(await kubernetesCheck(config(some), {})).toMatchObject({ name: 'kubernetes', ...expected });
  });

  it('an API that does not answer degrades, and stops nothing', async () => {
    const { api, kubeconfig } = await openApi();
    await api.stop();
    const check = await kubernetesCheck(config({ kubeconfig, nodes: false, nodeName: 'n' }), {});
    expect(check).toMatchObject({
      state: 'degraded',
      detail: expect.stringContaining('pods: connect ECONNREFUSED'),
    });
    expect(check.detail).not.toContain('nodes:');
  });
});
