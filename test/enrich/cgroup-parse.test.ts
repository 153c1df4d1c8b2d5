import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerOfPath, parseCgroup } from '../../src/enrich/cgroup-parse.ts';

const ID = '3f2a'.repeat(16);
const OUTER = 'b0c4'.repeat(16);
const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const UID_ = UID.replaceAll('-', '_');
const STATIC = 'd41d8cd98f00b204e9800998ecf8427e';
const SLICE = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice`;
const KIND = `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${UID_}.slice`;

const container = { containerId: ID };
const both = { containerId: ID, podUid: UID };

describe('container and pod of a path', () => {
  it.each([
    ['containerd, systemd driver', `${SLICE}/cri-containerd-${ID}.scope`, both],
    [
      'containerd, guaranteed pod',
      `/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      both,
    ],
    [
      'containerd, drivers of kubelet and runtime differ',
      `/system.slice/containerd.service/kubepods-besteffort-pod${UID_}.slice:cri-containerd:${ID}`,
      both,
    ],
    ['CRI-O', `${SLICE}/crio-${ID}.scope`, both],
    ['CRI-O, inner cgroup', `${SLICE}/crio-${ID}.scope/container`, both],
    ['CRI-O monitor', `${SLICE}/crio-conmon-${ID}.scope`, { podUid: UID }],
    ['Docker in Kubernetes', `${SLICE}/docker-${ID}.scope`, both],
    ['cgroupfs driver, burstable', `/kubepods/burstable/pod${UID}/${ID}`, both],
    ['cgroupfs driver, guaranteed', `/kubepods/pod${UID}/${ID}`, both],
    ['static pod', `/kubepods/burstable/pod${STATIC}/${ID}`, { containerId: ID, podUid: STATIC }],
    ['cgroupfs driver, CRI-O', `/kubepods/besteffort/pod${UID}/crio-${ID}`, both],
    ['cgroupfs driver, CRI-O, monitor', `/kubepods/besteffort/pod${UID}/crio-conmon-${ID}`, { podUid: UID }],
    ['cgroupfs driver, CRI-O, inner cgroup', `/kubepods/pod${UID}/crio-${ID}/container`, both],
    ['systemd driver, CRI-O, systemd inside', `${SLICE}/crio-${ID}.scope/container/init.scope`, both],
    [
      'systemd driver, guaranteed, Docker',
      `/kubepods.slice/kubepods-pod${UID_}.slice/docker-${ID}.scope`,
      both,
    ],
    [
      'cgroupfs driver, static pod, CRI-O',
      `/kubepods/pod${STATIC}/crio-${ID}`,
      { containerId: ID, podUid: STATIC },
    ],
    [
      'systemd driver, static pod',
      `/kubepods.slice/kubepods-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
      { containerId: ID, podUid: STATIC },
    ],
    ['k3s below its service', `/system.slice/k3s.service/kubepods/burstable/pod${UID}/${ID}`, both],
    [
      'containerd, cgroupfs below its service',
      `/system.slice/containerd.service/kubepods/burstable/pod${UID}/${ID}`,
      both,
    ],
    [
      'a kubelet with a root of its own',
      `/custom.slice/custom-kubepods.slice/custom-kubepods-burstable.slice/custom-kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      both,
    ],
    ['minikube, Docker driver', `/docker/${OUTER}/kubepods/burstable/pod${UID}/docker-${ID}`, both],
    ['the kubelet itself', '/system.slice/kubelet.service', undefined],
    ['the slice of all pods', '/kubepods.slice/kubepods-burstable.slice', undefined],
    ['pod only', `${SLICE}`, { podUid: UID }],
    ['Docker, systemd driver', `/system.slice/docker-${ID}.scope`, container],
    ['Docker, systemd inside', `/system.slice/docker-${ID}.scope/init.scope`, container],
    ['Docker, cgroupfs driver', `/docker/${ID}`, container],
    ['Docker, custom parent', `/actions_job/${ID}`, container],
    ['Docker in Docker', `/docker/${OUTER}/docker/${ID}`, container],
    ['Podman', `/machine.slice/libpod-${ID}.scope/container`, container],
    ['Podman monitor', `/machine.slice/libpod-conmon-${ID}.scope`, undefined],
    ['kind, pod', `/docker/${OUTER}${KIND}/cri-containerd-${ID}.scope`, both],
    ['kind, cgroupfs', `/docker/${OUTER}/kubelet/kubepods/burstable/pod${UID}/${ID}`, both],
    ['kind, pod without container', `/docker/${OUTER}${KIND}`, { podUid: UID }],
    ['kind, kubelet of the node', `/docker/${ID}/kubelet.slice/kubelet.service`, container],
    ['Docker inside a pod', `${SLICE}/cri-containerd-${OUTER}.scope/docker/${ID}`, both],
    ['outside our cgroup namespace', `/../../kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`, both],
    ['host service', '/system.slice/sshd.service', undefined],
    ['user session', '/user.slice/user-1000.slice/session-3.scope', undefined],
    ['root', '/', undefined],
    ['id too short', `/docker/${ID.slice(1)}`, undefined],
    ['id with upper case', `/docker/${ID.toUpperCase()}`, undefined],
    ['a word that ends in pod', `/tripod${UID}`, undefined],
  ])('%s', (_title, path, expected) => {
    expect(containerOfPath(path)).toEqual(expected);
  });
});

const v1 = (path: string) =>
  ['9:name=systemd', '8:pids', '4:memory', '1:cpu,cpuacct'].map((head) => `${head}:${path}\n`).join('');

describe('parseCgroup', () => {
  it.each([
    [
      'v2',
      `0::${SLICE}/cri-containerd-${ID}.scope\n`,
      { container: both, unifiedOnly: true, conclusive: true },
    ],
    [
      'v2, host',
      '0::/init.scope\n',
      { container: undefined, unifiedOnly: true, conclusive: true, unifiedPath: '/init.scope' },
    ],
    ['v2, removed', `0::/docker/${ID} (deleted)\n`, { container, unifiedPath: `/docker/${ID}` }],
    [
      'v1',
      v1(`/kubepods/burstable/pod${UID}/${ID}`),
      { container: both, unifiedOnly: false, unifiedPath: undefined, conclusive: true },
    ],
    ['v1, host', v1('/user.slice'), { container: undefined, conclusive: true }],
    [
      'hybrid, v2 knows nothing',
      `${v1(`/docker/${ID}`)}0::/\n`,
      { container, unifiedOnly: false, unifiedPath: '/', conclusive: true },
    ],
    [
      'hybrid, v2 knows the service only',
      `${v1(`/docker/${ID}`)}0::/system.slice/docker.service\n`,
      { container },
    ],
    ['hybrid, v2 knows it too', `${v1(`/docker/${ID}`)}0::/system.slice/docker-${ID}.scope\n`, { container }],
    ['hybrid, one controller is not used', `8:pids:/docker/${ID}\n4:memory:/\n0::/\n`, { container }],
    [
      'hybrid, the deepest nesting wins',
      `8:pids:/docker/${OUTER}\n4:memory:/docker/${OUTER}${KIND}/cri-containerd-${ID}.scope\n`,
      { container: both },
    ],
    [
      'hybrid, exiting process',
      `${v1('/')}0::/\n`,
      { container: undefined, unifiedOnly: false, conclusive: false },
    ],
    ['v1, systemd driver, CRI-O', v1(`${SLICE}/crio-${ID}.scope`), { container: both, conclusive: true }],
    ['v1, cgroupfs driver, CRI-O', v1(`/kubepods/besteffort/pod${UID}/crio-${ID}`), { container: both }],
    ['v1, systemd driver, Docker', v1(`${SLICE}/docker-${ID}.scope`), { container: both }],
    [
      'v1, containerd of another driver',
      v1(`/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`),
      { container: both },
    ],
    [
      'hybrid, systemd driver, containerd',
      `${v1(`${SLICE}/cri-containerd-${ID}.scope`)}0::/system.slice/containerd.service\n`,
      { container: both, unifiedOnly: false },
    ],
    [
      'hybrid, cgroupfs driver, Docker',
      `${v1(`/kubepods/burstable/pod${UID}/${ID}`)}0::/\n`,
      { container: both },
    ],
    [
      'v2, cgroupfs driver, containerd',
      `0::/kubepods/burstable/pod${UID}/${ID}\n`,
      { container: both, unifiedOnly: true },
    ],
    ['v2, systemd driver, CRI-O', `0::${SLICE}/crio-${ID}.scope/container\n`, { container: both }],
    [
      'v2, seen out of a cgroup namespace',
      `0::/../../kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope\n`,
      { container: both },
    ],
    ['empty', '', { container: undefined, unifiedOnly: false, conclusive: false, unifiedPath: undefined }],
    ['garbage', 'x\n::\n0::relative\n:::::\n', { container: undefined, unifiedPath: undefined }],
    ['a colon in the path', `0::/a:b/${ID}\n`, { container, unifiedPath: `/a:b/${ID}` }],
  ])('%s', (_title, text, expected) => {
    expect(parseCgroup(text)).toMatchObject(expected);
  });

  it('never throws, and is quick on long hostile lines', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => void parseCgroup(`0::/${text}`)),
    );
    for (const unit of ['-', ':', 'a-', 'pod', '/', `pod${UID}/`, `${ID}/`])
      parseCgroup(`0::/${unit.repeat(60_000 / unit.length)}`);
  });
});
