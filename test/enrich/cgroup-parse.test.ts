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
