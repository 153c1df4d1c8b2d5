import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../../../src/enrich/kubernetes/resources.ts';
import type { KubernetesApi } from '../../support/kubernetes-api.ts';
import { nodeObject, podObject, serviceObject, sliceObject } from '../../support/kubernetes-objects.ts';
import { ip, openApi, readCluster } from './world.ts';

const ID = '3f2a'.repeat(16);
const NEXT_ID = 'b0c4'.repeat(16);
const web = {
  name: 'web-7d9f8b6c5d-x2x4z',
  uid: 'uid-web',
  ip: '10.1.0.5',
  hostIp: '192.168.7.1',
  labels: { 'pod-template-hash': '7d9f8b6c5d' },
  owner: { kind: 'ReplicaSet', name: 'web-7d9f8b6c5d' },
  containers: { app: ID },
};
const webPod = {
  podUid: 'uid-web',
  podName: 'web-7d9f8b6c5d-x2x4z',
  namespace: 'shop',
  nodeName: 'node-1',
  owners: { deployment: 'web' },
};

async function read(fill: (api: KubernetesApi) => void, options = {}) {
  const api = await openApi();
  fill(api);
  const world = readCluster(api, options);
  await world.settled();
  return world;
}

describe('pods of this node', () => {
  it('are known by container, by uid and by address', async () => {
    const { cluster } = await read((api) => void api.put('pods', podObject(web)));
    const container = { ...webPod, containerId: ID, containerName: 'app' };
    expect(cluster.workloadOf({ containerId: ID })).toEqual(container);
    expect(cluster.workloadOf({ containerId: ID, podUid: 'uid-web' })).toEqual(container);
    expect(cluster.workloadOf({ podUid: 'uid-web' })).toEqual(webPod);
    expect(cluster.workloadAt(ip('10.1.0.5'), 40_000)).toEqual(webPod);
    expect(cluster.workloadOf({ containerId: NEXT_ID })).toBeUndefined();
    // The pod is known, this container of it not yet: its sandbox, or one that has just begun.
    expect(cluster.workloadOf({ containerId: NEXT_ID, podUid: 'uid-web' })).toEqual({
      ...webPod,
      containerId: NEXT_ID,
      partial: true,
    });
  });

  it('are asked for by node, and no others', async () => {
    const { cluster, api, status } = await read((each) => {
      each.put('pods', podObject(web));
      each.put('pods', podObject({ name: 'elsewhere', ip: '10.2.0.1', node: 'node-2' }));
    });
    expect(status('pods').objects).toBe(1);
    expect(cluster.workloadAt(ip('10.2.0.1'), 80)).toBeUndefined();
    const asked = api.asked.filter(({ resource }) => resource === 'pods');
    expect(asked.map(({ query }) => query.get('fieldSelector'))).toEqual(
      asked.map(() => 'spec.nodeName=node-1'),
    );
  });

  it.each([
    [
      'a Deployment',
      { kind: 'ReplicaSet', name: 'web-7d9f8b6c5d' },
      { 'pod-template-hash': '7d9f8b6c5d' },
      { deployment: 'web' },
    ],
    ['a ReplicaSet alone', { kind: 'ReplicaSet', name: 'web' }, {}, { replicaset: 'web' }],
    [
      'a ReplicaSet of another name',
      { kind: 'ReplicaSet', name: 'adopted' },
      { 'pod-template-hash': 'abc' },
      { replicaset: 'adopted' },
    ],
    ['a StatefulSet', { kind: 'StatefulSet', name: 'db' }, {}, { statefulset: 'db' }],
    ['a DaemonSet', { kind: 'DaemonSet', name: 'agent' }, {}, { daemonset: 'agent' }],
    ['an owner of another kind', { kind: 'Tomcat', name: 'cat' }, {}, undefined],
  ])('belong to %s', async (_title, owner, labels, owners) => {
    const { cluster } = await read((api) => void api.put('pods', podObject({ ...web, owner, labels })));
    expect(cluster.workloadOf({ podUid: 'uid-web' })?.owners).toEqual(owners);
  });

  it('belong to a CronJob, once the Job has told', async () => {
    const job = { kind: 'Job', name: 'backup-28', uid: 'uid-job' };
    const { cluster, until, api } = await read((each) => {
      each.put('jobs', {
        metadata: {
          name: 'backup-28',
          namespace: 'shop',
          uid: 'uid-job',
          ownerReferences: [{ kind: 'CronJob', name: 'backup', uid: 'u', controller: true }],
        },
      });
      each.put('pods', podObject({ ...web, owner: job }));
    });
    const owners = () => cluster.workloadOf({ containerId: ID })?.owners;
    await until('the CronJob', () => owners()?.cronjob !== undefined);
    expect(owners()).toEqual({ cronjob: 'backup', job: 'backup-28' });
    api.put('pods', podObject({ ...web, name: 'another', uid: 'uid-2', containers: {}, owner: job }));
    await until('the second pod', () => cluster.workloadOf({ podUid: 'uid-2' }) !== undefined);
    expect(cluster.workloadOf({ podUid: 'uid-2' })?.owners).toEqual({ cronjob: 'backup', job: 'backup-28' });
    expect(api.asked.filter(({ resource }) => resource === 'jobs')).toHaveLength(1);
  });

  it.each([
    ['has gone', () => undefined],
    ['may not be read', (api: KubernetesApi) => void api.trouble.set('jobs', { status: 403 })],
    [
      'was made by nobody',
      (api: KubernetesApi) =>
        void api.put('jobs', { metadata: { name: 'backup-28', namespace: 'shop', uid: 'uid-job' } }),
    ],
    [
      'is another one of that name',
      (api: KubernetesApi) =>
        void api.put('jobs', {
          metadata: {
            name: 'backup-28',
            namespace: 'shop',
            uid: 'uid-later',
            ownerReferences: [{ kind: 'CronJob', name: 'wrong', uid: 'u', controller: true }],
          },
        }),
    ],
  ])('belong to a Job that %s', async (_title, prepare) => {
    const { cluster, until } = await read((api) => {
      prepare(api);
      api.put('pods', podObject({ ...web, owner: { kind: 'Job', name: 'backup-28', uid: 'uid-job' } }));
    });
    const workload = () => cluster.workloadOf({ podUid: 'uid-web' });
    await until('the answer', () => workload()?.partial === undefined);
    expect(workload()?.owners).toEqual({ job: 'backup-28' });
  });

  it('of the kubelet itself are known by the hash in their cgroups', async () => {
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    const annotations = { 'kubernetes.io/config.hash': hash };
    const { cluster, api, until } = await read((each) => {
      each.put('pods', podObject({ ...web, annotations }));
    });
    expect(cluster.workloadOf({ podUid: hash })).toEqual(webPod);
    // The kubelet makes its copy in the API anew when somebody deletes it.
    api.remove('pods', 'uid-web');
    api.put('pods', podObject({ ...web, uid: 'uid-again', annotations }));
    await until('the new copy', () => cluster.workloadOf({ podUid: hash })?.podUid === 'uid-again');
    cluster.tick(Date.now() + 1e9);
    expect(cluster.workloadOf({ podUid: hash })?.podUid).toBe('uid-again');
  });

  it('cannot pass for others by annotations', async () => {
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    const { cluster, api, until } = await read((each) => {
      each.put('pods', podObject({ ...web, annotations: { 'kubernetes.io/config.hash': hash } }));
    });
    const annotations = { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': 'uid-web' };
    api.put('pods', podObject({ name: 'liar', uid: 'uid-liar', annotations }));
    await until('the other pod', () => cluster.workloadOf({ podUid: 'uid-liar' }) !== undefined);
    expect(cluster.workloadOf({ podUid: hash })).toEqual(webPod);
    expect(cluster.workloadOf({ podUid: 'uid-web' })).toEqual(webPod);
  });

  it('change: a container that was started again is known under both ids', async () => {
    const { cluster, api, until } = await read((each) => void each.put('pods', podObject(web)));
    api.put('pods', podObject({ ...web, containers: { app: NEXT_ID } }));
    await until('the new container', () => cluster.workloadOf({ containerId: NEXT_ID }) !== undefined);
    expect(cluster.workloadOf({ containerId: ID })).toMatchObject({
      containerName: 'app',
      podName: web.name,
    });
  });

  it('appear while telegen runs', async () => {
    const { cluster, api, until } = await read(() => undefined);
    expect(cluster.workloadOf({ containerId: ID })).toBeUndefined();
    api.put('pods', podObject({ ...web, containers: {} }));
    api.put('pods', podObject(web));
    await until('the pod', () => cluster.workloadOf({ containerId: ID }) !== undefined);
    expect(cluster.workloadOf({ containerId: ID })).toMatchObject(webPod);
  });
});

describe('what was deleted', () => {
  it('is remembered for a while', async () => {
    const clock = { nowMs: 1_000_000 };
    const { cluster, api, until, status } = await read((each) => void each.put('pods', podObject(web)), {
      rememberMs: 300_000,
      now: () => clock.nowMs,
    });
    api.remove('pods', 'uid-web');
    await until('the end of the pod', () => status('pods').objects === 0);
    for (const nowMs of [1_000_001, 1_299_999]) {
      cluster.tick(nowMs);
      expect(cluster.workloadOf({ containerId: ID })).toMatchObject(webPod);
      expect(cluster.workloadOf({ podUid: 'uid-web' })).toEqual(webPod);
      expect(cluster.workloadAt(ip('10.1.0.5'), 80)).toEqual(webPod);
    }
    expect(cluster.remembered()).toBe(1);
    cluster.tick(1_310_000);
    expect(cluster.workloadOf({ containerId: ID })).toBeUndefined();
    expect(cluster.workloadOf({ podUid: 'uid-web' })).toBeUndefined();
    expect(cluster.workloadAt(ip('10.1.0.5'), 80)).toBeUndefined();
    expect(cluster.remembered()).toBe(0);
  });

  it('gives its address to the pod that gets it next, and is known by container still', async () => {
    const { cluster, api, until } = await read((each) => void each.put('pods', podObject(web)));
    api.remove('pods', 'uid-web');
    api.put('pods', podObject({ name: 'next', uid: 'uid-next', ip: '10.1.0.5' }));
    await until('the next pod', () => cluster.workloadAt(ip('10.1.0.5'), 1)?.podName === 'next');
    expect(cluster.workloadOf({ containerId: ID })).toMatchObject(webPod);
    cluster.tick(Date.now() + 1e9);
    expect(cluster.workloadAt(ip('10.1.0.5'), 1)?.podName).toBe('next');
  });

  it('does not take its address back while it is being deleted', async () => {
    const { cluster, api, until } = await read((each) => void each.put('pods', podObject(web)));
    api.put('pods', podObject({ ...web, isTerminating: true }));
    api.put('pods', podObject({ name: 'next', uid: 'uid-next', ip: '10.1.0.5' }));
    api.put('pods', podObject({ ...web, isTerminating: true, labels: { last: 'word' } }));
    api.put('services', serviceObject('marker', '10.96.0.9'));
    api.put('pods', podObject({ name: 'last', uid: 'uid-last', ip: '10.1.0.9' }));
    await until('all changes', () => cluster.workloadAt(ip('10.1.0.9'), 1) !== undefined);
    expect(cluster.workloadAt(ip('10.1.0.5'), 1)?.podName).toBe('next');
    api.remove('pods', 'uid-web');
    api.put('pods', podObject({ name: 'end', uid: 'uid-end', ip: '10.1.0.10' }));
    await until('the end', () => cluster.workloadAt(ip('10.1.0.10'), 1) !== undefined);
    expect(cluster.workloadAt(ip('10.1.0.5'), 1)?.podName).toBe('next');
  });

  it('a pod that has completed does not hold an address', async () => {
    const { cluster, api, until } = await read((each) => {
      each.put('pods', podObject({ ...web, phase: 'Succeeded' }));
    });
    expect(cluster.workloadAt(ip('10.1.0.5'), 1)).toBeUndefined();
    expect(cluster.workloadOf({ containerId: ID })).toMatchObject(webPod);
    api.put('pods', podObject({ name: 'next', uid: 'uid-next', ip: '10.1.0.5' }));
    api.put('pods', podObject({ ...web, phase: 'Succeeded', labels: { changed: 'late' } }));
    api.put('pods', podObject({ name: 'last', uid: 'uid-last', ip: '10.1.0.9' }));
    await until('all changes', () => cluster.workloadAt(ip('10.1.0.9'), 1) !== undefined);
    expect(cluster.workloadAt(ip('10.1.0.5'), 1)?.podName).toBe('next');
  });
});

describe('services and what is behind them', () => {
  const slice = {
    service: 'postgres',
    ports: [5432],
    endpoints: [{ ip: '10.2.0.7', pod: 'postgres-0', uid: 'uid-pg', node: 'node-2' }],
  };

  it('are known by their own address, and by address and port of the pods', async () => {
    const { cluster } = await read((api) => {
      api.put('services', serviceObject('postgres', '10.96.0.12'));
      api.put('endpointslices', sliceObject(slice));
    });
    const postgres = { name: 'postgres', namespace: 'shop' };
    expect(cluster.serviceAt(ip('10.96.0.12'), 5432)).toEqual(postgres);
    expect(cluster.serviceAt(ip('10.2.0.7'), 5432)).toEqual(postgres);
    expect(cluster.serviceAt(ip('10.2.0.7'), 22)).toBeUndefined();
    expect(cluster.workloadAt(ip('10.2.0.7'), 40_000)).toEqual({
      podName: 'postgres-0',
      podUid: 'uid-pg',
      namespace: 'shop',
      nodeName: 'node-2',
    });
    expect(cluster.workloadAt(ip('10.96.0.12'), 5432)).toBeUndefined();
  });

  it.each([
    ['IPv6', '2001:db8:1::12'],
    ['IPv4', '203.0.113.12'],
  ])('have %s addresses, of load balancers and people, too', async (_title, address) => {
    const { cluster } = await read((api) => {
      const { metadata } = serviceObject('outer', 'None');
      api.put('services', {
        metadata,
        spec: { clusterIPs: ['None'], externalIPs: [address] },
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.99' }, { hostname: 'lb.example.com' }] } },
      });
    });
    expect(cluster.serviceAt(ip(address), 443)?.name).toBe('outer');
    expect(cluster.serviceAt(ip('203.0.113.99'), 443)?.name).toBe('outer');
    expect(cluster.isOwn(ip(address))).toBe(false);
  });

  it('several on one pod: the port tells, then the one with an address, then the name', async () => {
    const { cluster } = await read((api) => {
      const endpoints = [{ ip: '10.2.0.7', pod: 'postgres-0' }];
      api.put(
        'endpointslices',
        sliceObject({ service: 'a-headless', isHeadless: true, ports: [5432], endpoints }),
      );
      api.put('endpointslices', sliceObject({ service: 'zz', ports: [5432], endpoints }));
      api.put('endpointslices', sliceObject({ service: 'postgres', ports: [5432], endpoints }));
      api.put('endpointslices', sliceObject({ service: 'metrics', ports: [9187], endpoints }));
      api.put(
        'endpointslices',
        sliceObject({ service: 'every', ports: [null], endpoints: [{ ip: '10.2.0.8' }] }),
      );
    });
    expect(cluster.serviceAt(ip('10.2.0.7'), 5432)?.name).toBe('postgres');
    expect(cluster.serviceAt(ip('10.2.0.7'), 9187)?.name).toBe('metrics');
    expect(cluster.serviceAt(ip('10.2.0.8'), 17)?.name).toBe('every');
  });

  it('an endpoint that moves, and one that goes: the last one is remembered until another has its address', async () => {
    const clock = { nowMs: 1_000_000 };
    const { cluster, api, until } = await read(
      (each) => void each.put('endpointslices', sliceObject(slice)),
      {
        now: () => clock.nowMs,
      },
    );
    api.put('endpointslices', sliceObject({ ...slice, endpoints: [{ ip: '10.2.0.9', pod: 'postgres-0' }] }));
    await until('the new address', () => cluster.serviceAt(ip('10.2.0.9'), 5432) !== undefined);
    expect(cluster.workloadAt(ip('10.2.0.7'), 1)?.podName).toBe('postgres-0');
    api.put(
      'endpointslices',
      sliceObject({ service: 'redis', ports: [6379], endpoints: [{ ip: '10.2.0.7', pod: 'redis-0' }] }),
    );
    await until('the next owner', () => cluster.workloadAt(ip('10.2.0.7'), 1)?.podName === 'redis-0');
    cluster.tick(2_000_000);
    expect(cluster.serviceAt(ip('10.2.0.7'), 5432)).toBeUndefined();
    expect(cluster.workloadAt(ip('10.2.0.7'), 1)?.podName).toBe('redis-0');
  });

  it('pods of this node behind a service keep what is known of them', async () => {
    const { cluster } = await read((api) => {
      api.put('pods', podObject(web));
      api.put(
        'endpointslices',
        sliceObject({ service: 'web', endpoints: [{ ip: '10.1.0.5', pod: web.name, uid: 'uid-web' }] }),
      );
    });
    expect(cluster.workloadAt(ip('10.1.0.5'), 8080)).toEqual(webPod);
    expect(cluster.serviceAt(ip('10.1.0.5'), 8080)?.name).toBe('web');
  });

  it('a live endpoint elsewhere wins over a pod of this node that had the address', async () => {
    const { cluster, api, until } = await read((each) => void each.put('pods', podObject(web)));
    api.remove('pods', 'uid-web');
    api.put(
      'endpointslices',
      sliceObject({ service: 'x', endpoints: [{ ip: '10.1.0.5', pod: 'x-0', node: 'node-2' }] }),
    );
    await until('the endpoint', () => cluster.workloadAt(ip('10.1.0.5'), 1)?.podName === 'x-0');
  });
});

describe('addresses that several share', () => {
  const hosted = { ...web, hostNetwork: true, ip: '192.168.7.1' };
  const slice = {
    service: 'web',
    ports: [8080],
    endpoints: [{ ip: '192.168.7.1', pod: web.name, uid: 'uid-web' }],
  };

  it('a pod on the network of its node is known by its port alone', async () => {
    const { cluster } = await read((api) => {
      api.put('pods', podObject(hosted));
      api.put('endpointslices', sliceObject(slice));
      api.put('nodes', nodeObject('node-1', '192.168.7.1'));
    });
    expect(cluster.workloadAt(ip('192.168.7.1'), 8080)).toEqual(webPod);
    expect(cluster.workloadAt(ip('192.168.7.1'), 22)).toEqual({ nodeName: 'node-1' });
  });

  it('of which nothing is known while nodes are not: no pod is guessed', async () => {
    const { cluster } = await read((api) => void api.put('endpointslices', sliceObject(slice)), {
      nodes: false,
    });
    expect(cluster.workloadAt(ip('192.168.7.1'), 22)).toBeUndefined();
    expect(cluster.workloadAt(ip('192.168.7.1'), 8080)).toMatchObject({ podName: web.name });
  });
});

describe("the cluster's own addresses", () => {
  it('are those that no tenant can choose', async () => {
    const { cluster } = await read((api) => {
      api.put('pods', podObject({ ...web, ip: '203.0.113.5', hostIp: '203.0.113.200' }));
      api.put('services', serviceObject('web', '203.0.113.12'));
      api.put('nodes', nodeObject('node-1', '203.0.113.200', ['198.51.100.0/25']));
      api.put('nodes', nodeObject('node-2', '203.0.113.201', ['0.0.0.0/0', '2001:db8::/8', 'nonsense']));
      api.put(
        'endpointslices',
        sliceObject({ service: 'bait', endpoints: [{ ip: '203.0.113.66', pod: 'liar' }] }),
      );
    });
    const own = ['203.0.113.5', '203.0.113.12', '203.0.113.200', '198.51.100.127'];
    const foreign = ['203.0.113.66', '203.0.113.201', '198.51.100.128', '2001:db8::1', '192.0.2.1'];
    expect(own.filter((each) => !cluster.isOwn(ip(each)))).toEqual([]);
    expect(foreign.filter((each) => cluster.isOwn(ip(each)))).toEqual([]);
    // It is named all the same.
    expect(cluster.serviceAt(ip('203.0.113.66'), 8080)?.name).toBe('bait');
  });
});

it('asks for what the list of resources says, and for nothing else', async () => {
  const { api, until } = await read((each) => {
    each.put('pods', podObject({ ...web, owner: { kind: 'Job', name: 'once' } }));
  });
  await until('the question about the Job', () => api.asked.some(({ resource }) => resource === 'jobs'));
  const asked = api.asked.map(({ verb, resource, group }) => `${verb} ${resource}.${group}`);
  const listed = RESOURCES.flatMap(({ verbs, name, group }) =>
    verbs.map((verb) => `${verb} ${name}.${group}`),
  );
  expect([...new Set(asked)].toSorted()).toEqual(listed.toSorted());
});
