import { copyFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type KubernetesApi, openKubernetesApi } from '../support/kubernetes-api.ts';
import { podObject, serviceObject, sliceObject } from '../support/kubernetes-objects.ts';
import { translate } from '../support/namespaces.ts';
import { peerProgram } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import {
  command,
  endTelegens,
  type OutputLine,
  type Telegen,
  watch,
  writeConfig,
} from '../support/telegen.ts';
import { type Certificates, makeCertificates } from '../telemetry/support/certificates.ts';
import { LISTED_V4, listConfig } from './expectations.ts';

const skip = whyNoSandbox();
const PORT = 19_393;
/** The address of a service, and that of the pod behind it. */
const SERVICE = { ip: '198.51.100.60', port: 80 };
const BEHIND = { ip: '198.51.100.61', port: 8080 };
const CLIENT_IP = '192.0.2.2';

const gateway = { uid: '1b4e28ba-2fa1-11d2-883f-0016d3cca427', id: 'c0ffee00'.repeat(8) };
const users = { uid: '6fa459ea-ee8a-3ca4-894e-db77e160355e', id: 'decade00'.repeat(8) };

const gatewayPod = podObject({
  name: 'api-gateway-6b7f-x2',
  uid: gateway.uid,
  ip: CLIENT_IP,
  hostIp: '192.168.7.1',
  labels: { 'pod-template-hash': '6b7f' },
  owner: { kind: 'ReplicaSet', name: 'api-gateway-6b7f' },
  containers: { gateway: gateway.id },
});
const usersPod = podObject({
  name: 'user-service-0',
  uid: users.uid,
  ip: BEHIND.ip,
  hostIp: '192.168.7.1',
  owner: { kind: 'StatefulSet', name: 'user-service' },
  containers: { users: users.id },
});

/** As kubelet and runtime make them: systemd's driver with containerd, and cgroupfs' with CRI-O. */
const cgroupOf = {
  gateway: `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${gateway.uid.replaceAll('-', '_')}.slice/cri-containerd-${gateway.id}.scope`,
  users: `kubepods/besteffort/pod${users.uid}/crio-${users.id}`,
};

const ofGateway = {
  'container.id': gateway.id,
  'k8s.container.name': 'gateway',
  'k8s.pod.uid': gateway.uid,
  'k8s.pod.name': 'api-gateway-6b7f-x2',
  'k8s.namespace.name': 'shop',
  'k8s.node.name': 'node-1',
  'k8s.deployment.name': 'api-gateway',
};

async function scrape(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();
}

describe.skipIf(skip !== undefined)(`Kubernetes${skip ? ` (SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let certificates: Certificates;
  let api: KubernetesApi;
  let telegen: Telegen;
  let shell: string;

  beforeAll(async () => {
    sandbox = await openSandbox();
    certificates = makeCertificates();
    translate(sandbox.namespaces.inside, SERVICE, BEHIND);
    shell = `${sandbox.folder}/shell`;
    copyFileSync(peerProgram(), shell);
  });
  beforeEach(async () => {
    api = await openKubernetesApi({ tls: certificates.server });
    api.tokens.add('of-the-test');
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await endTelegens();
    await api.stop();
  });
  afterAll(async () => {
    certificates?.remove();
    await sandbox?.close();
  });

  function kubeconfig(): string {
    const path = `${sandbox.folder}/kubeconfig`;
    writeFileSync(`${sandbox.folder}/token`, 'of-the-test');
    const file = {
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [
        { name: 'test', cluster: { server: api.url, 'certificate-authority': certificates.ca.certFile } },
      ],
      users: [{ name: 'test', user: { tokenFile: 'token' } }],
    };
    writeFileSync(path, JSON.stringify(file));
    return path;
  }

  const start = async (): Promise<void> => {
    const kubernetes = { kubeconfig: kubeconfig(), node_name: 'node-1', pod_logs_dir: '/proc/none' };
    const config = listConfig(sandbox, { kubernetes, telemetry: { listen: { port: PORT } } });
    telegen = await watch(sandbox, { config, args: ['--output', 'jsonl', '--events', 'connection'] });
  };

  /** Waits for a line of /metrics; scrapes are shared for a quarter of a second. */
  async function metric(line: string): Promise<string> {
    let text = '';
    let isAsking = false;
    await eventually(
      () => {
        if (!isAsking) {
          isAsking = true;
          void scrape().then(
            (next) => {
              text = next;
              isAsking = false;
            },
            () => {
              isAsking = false;
            },
          );
        }
        return text.split('\n').includes(line);
      },
      () => `${line}; seen:\n${text.match(/^(tcp|telegen_kube).*$/gm)?.join('\n')}\n${telegen.stderr()}`,
    );
    return text;
  }

  const known = (resource: string, count: number) =>
    metric(`telegen_kubernetes_objects{resource="${resource}"} ${count}`);

  /** What a program of the gateway's pod says when it tries a listed address. */
  async function alertFromGateway(fits: (alert: OutputLine) => boolean = () => true): Promise<OutputLine> {
    const cgroup = sandbox.subgroup(cgroupOf.gateway);
    const program = sandbox.start([shell, 'tcp4', 'connect', LISTED_V4, '4444'], { cgroup });
    await program.end();
    return telegen.alert(
      'the alert',
      (alert) => alert.attributes['process.pid'] === program.pid && fits(alert),
    );
  }

  it('names both ends in the alert', async () => {
    api.put('pods', gatewayPod);
    api.put('services', serviceObject('bait', '198.51.100.99'));
    const endpoints = [{ ip: LISTED_V4, pod: 'bait-1', uid: 'uid-bait', node: 'node-2' }];
    api.put('endpointslices', sliceObject({ service: 'bait', ports: [4444], endpoints }));
    await start();
    await known('pods', 1);
    await known('endpointslices', 1);
    const { attributes } = await alertFromGateway();
    expect(attributes).toMatchObject({
      ...ofGateway,
      'net.peer.ip': LISTED_V4,
      'net.peer.k8s.service.name': 'bait',
      'net.peer.k8s.namespace.name': 'shop',
    });
    // Nodes have been read, so the address is nobody's but the pod's.
    await metric('telegen_kubernetes_watch{resource="nodes",state="watching"} 1');
    expect((await alertFromGateway()).attributes).toMatchObject({
      'net.peer.k8s.pod.name': 'bait-1',
      'net.peer.k8s.pod.uid': 'uid-bait',
      'net.peer.k8s.node.name': 'node-2',
    });
  });

  it('an API that is away delays nothing; what it tells late is in later alerts', async () => {
    await api.stop();
    await start();
    await telegen.says('cannot be read');
    const { attributes } = await alertFromGateway();
    expect(attributes).toMatchObject({ 'container.id': gateway.id, 'k8s.pod.uid': gateway.uid });
    expect(attributes).not.toHaveProperty('k8s.pod.name');
    await metric('telegen_kubernetes_watch{resource="pods",state="away"} 1');
    api.put('pods', gatewayPod);
    await api.restart();
    await known('pods', 1);
    expect((await alertFromGateway()).attributes).toMatchObject(ofGateway);
    // Deleted pods are remembered.
    api.remove('pods', gateway.uid);
    await known('pods', 0);
    await metric('telegen_kubernetes_remembered_pods 1');
    expect((await alertFromGateway()).attributes).toMatchObject(ofGateway);
    await telegen.says('the API answers again');
  });

  it('a service asked by its own address: labels of both ends, one flow, one edge', async () => {
    api.put('pods', gatewayPod);
    api.put('pods', usersPod);
    api.put('services', serviceObject('user-service', SERVICE.ip));
    const endpoints = [{ ip: BEHIND.ip, pod: 'user-service-0', uid: users.uid, node: 'node-1' }];
    api.put('endpointslices', sliceObject({ service: 'user-service', ports: [BEHIND.port], endpoints }));
    await start();
    for (const [resource, count] of [
      ['pods', 2],
      ['services', 1],
      ['endpointslices', 1],
    ] as const)
      await known(resource, count);
    const server = sandbox.start(
      [
        shell,
        ...`tcp4 bind ${BEHIND.ip} ${BEHIND.port} listen port accept recv 1000 send 70000 eof close`.split(
          ' ',
        ),
      ],
      { cgroup: sandbox.subgroup(cgroupOf.users), namespace: 'outside' },
    );
    await server.number();
    const client = sandbox.start(
      [
        shell,
        ...`tcp4 connect ${SERVICE.ip} ${SERVICE.port} send 1000 recv 70000 say done wait close`.split(' '),
      ],
      { cgroup: sandbox.subgroup(cgroupOf.gateway) },
    );
    await client.line();
    const flow = `src_ip="${CLIENT_IP}",dst_ip="${SERVICE.ip}",dst_port="80",k8s_src_pod="api-gateway-6b7f-x2",k8s_dst_service="user-service"`;
    await metric(`tcp_connections{${flow}} 1`);
    client.go();
    await client.end();
    await server.end();
    const text = await metric(`tcp_connections{${flow}} 0`);
    expect(text.match(/^tcp_bytes_sent_total.*$/gm)).toEqual([`tcp_bytes_sent_total{${flow}} 1000`]);
    expect(text.match(/^tcp_bytes_received_total.*$/gm)).toEqual([`tcp_bytes_received_total{${flow}} 70000`]);
    const { topology } = (await (await fetch(`http://127.0.0.1:${PORT}/api/v1/topology`)).json()) as {
      topology: object;
    };
    expect(topology).toMatchObject({
      nodes: [
        {
          id: 'api-gateway',
          type: 'service',
          attributes: { 'k8s.deployment': 'api-gateway', 'k8s.namespace': 'shop' },
        },
        {
          id: 'user-service',
          type: 'service',
          attributes: { 'k8s.statefulset': 'user-service', 'k8s.namespace': 'shop' },
        },
      ],
      edges: [{ source: 'api-gateway', target: 'user-service', attributes: { error_rate: 0 } }],
    });
    const accepted = telegen.events().find(({ attributes }) => attributes['telegen.phase'] === 'accepted');
    expect(accepted?.attributes).toMatchObject({
      'container.id': users.id,
      'k8s.pod.name': 'user-service-0',
      'k8s.statefulset.name': 'user-service',
      'k8s.service.name': 'user-service',
      'net.peer.k8s.pod.name': 'api-gateway-6b7f-x2',
      'net.peer.k8s.deployment.name': 'api-gateway',
    });
    const asked = telegen.events().find(({ attributes }) => attributes['telegen.phase'] === 'established');
    expect(asked?.attributes).toMatchObject({ ...ofGateway, 'net.peer.k8s.service.name': 'user-service' });
  });

  it('asks only with the token of the file, and says what it may not read', async () => {
    api.put('pods', gatewayPod);
    api.trouble.set('services', { status: 403 });
    await start();
    await telegen.says(
      'Kubernetes: services cannot be read: the API answered 403: refused with 403; trying again',
    );
    await known('pods', 1);
    expect(new Set(api.asked.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer of-the-test']),
    );
    const text = await scrape();
    expect(text).toMatch(
      /^telegen_kubernetes_failures_total\{resource="services",reason="forbidden"\} \d+$/m,
    );
    const { code } = await telegen.stop();
    expect(code).toBe(0);
  });

  it('doctor tells what may be read, and what not', async () => {
    api.put('pods', gatewayPod);
    api.trouble.set('endpointslices', { status: 403 });
    const config = writeConfig(sandbox, {
      agent: { kubernetes: { kubeconfig: kubeconfig(), node_name: 'node-1' } },
    });
    const { stdout } = await command(['doctor', '-c', config, '--format', 'json']);
    const { checks } = JSON.parse(stdout) as {
      checks: { name: string; state: string; detail: string; cure?: string }[];
    };
    expect(checks.find(({ name }) => name === 'kubernetes')).toEqual({
      name: 'kubernetes',
      state: 'degraded',
      detail: expect.stringMatching(
        /^https:\/\/127\.0\.0\.1:\d+, node node-1: endpointslices: the API answered 403: refused with 403$/,
      ),
      cure: 'grant what deploy/kubernetes/rbac.yaml grants; see docs/kubernetes.md',
    });
    api.trouble.clear();
    const again = await command(['doctor', '-c', config]);
    expect(again.stdout).toMatch(
      /^ok {8}kubernetes +https:\/\/127\.0\.0\.1:\d+, node node-1: all of it can be read$/m,
    );
    expect(new Set(api.asked.map(({ verb }) => verb))).toEqual(new Set(['list']));
  });
});
