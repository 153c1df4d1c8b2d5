import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPodIndex } from '../../src/enrich/pods.ts';
import { createHostFiles, type HostFiles } from '../../src/enrich/proc-reader.ts';
import { makeFile, scratchFolder } from './fake-proc.ts';

const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const files = createHostFiles();

it('reads names from the log folders', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, `shop_web-7d9c5b6f4-x2x9z_${UID}`));
  mkdirSync(join(folder, 'kube-system_etcd-node1_d41d8cd98f00b204e9800998ecf8427e'));
  const pods = createPodIndex({ files, folder });
  expect(pods.find(UID, 0)).toEqual({ namespace: 'shop', podName: 'web-7d9c5b6f4-x2x9z' });
  expect(pods.find('d41d8cd98f00b204e9800998ecf8427e', 0)).toEqual({
    namespace: 'kube-system',
    podName: 'etcd-node1',
  });
});

it('takes nothing for a pod but a folder of three parts', () => {
  const folder = scratchFolder();
  for (const name of ['two_parts', `a_b_c_${UID}`, `_pod_${UID}`, `ns__${UID}`, 'plain'])
    mkdirSync(join(folder, name));
  makeFile(join(folder, `ns_file_${UID}`));
  const pods = createPodIndex({ files, folder });
  expect(pods.find(UID, 0)).toBeUndefined();
  expect(pods.find('parts', 5_000)).toBeUndefined();
});

it('learns of a new pod within a second, and reads no more often', () => {
  const folder = scratchFolder();
  let reads = 0;
  const counting: HostFiles = {
    ...files,
    folders: (path, limit) => {
      reads += 1;
      return files.folders(path, limit);
    },
  };
  const pods = createPodIndex({ files: counting, folder });
  expect(pods.find(UID, 10_000)).toBeUndefined();
  mkdirSync(join(folder, `ns_late_${UID}`));
  for (let index = 0; index < 100; index += 1) pods.find(UID, 10_000 + index);
  expect(reads).toBe(1);
  expect(pods.find(UID, 11_000)?.podName).toBe('late');
  pods.find(UID, 20_000);
  expect(reads).toBe(2);
});

it('remembers a pod that was removed', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, `ns_gone_${UID}`));
  const pods = createPodIndex({ files, folder });
  pods.find(UID, 0);
  rmSync(join(folder, `ns_gone_${UID}`), { recursive: true });
  pods.find('unknown', 5_000);
  expect(pods.find(UID, 5_000)?.podName).toBe('gone');
});

it('reads a bounded number of folders', () => {
  const folder = scratchFolder();
  for (let index = 0; index < 30; index += 1) mkdirSync(join(folder, `ns_pod${index}_uid${index}`));
  const pods = createPodIndex({ files, folder, maxEntries: 10 });
  let found = 0;
  for (let index = 0; index < 30; index += 1) found += pods.find(`uid${index}`, 0) === undefined ? 0 : 1;
  expect(found).toBe(10);
});

it('knows no pod without the folder', () => {
  expect(createPodIndex({ files, folder: '/nonexistent/telegen' }).find(UID, 0)).toBeUndefined();
});
