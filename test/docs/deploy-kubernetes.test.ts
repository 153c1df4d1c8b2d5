import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { RESOURCES } from '../../src/enrich/kubernetes/resources.ts';
import { ROOT, read } from './markdown.ts';

type Manifest = Readonly<Record<string, unknown>> & {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

const FOLDER = 'deploy/kubernetes';
const files = readdirSync(`${ROOT}/${FOLDER}`).filter((name) => name !== 'kustomization.yaml');

function documents(file: string): Manifest[] {
  const found = parseAllDocuments(read(`${FOLDER}/${file}`));
  if (!Array.isArray(found)) throw new Error(`${file} is empty`);
  return found.map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

const all = files.flatMap(documents);
const the = <T>(kind: string): T => all.find((each) => each.kind === kind) as unknown as T;

test('kustomization.yaml names every file', () => {
  const { resources } = parse(read(`${FOLDER}/kustomization.yaml`)) as { resources: string[] };
  expect(resources.toSorted()).toEqual(files.toSorted());
});

test('everything is in the namespace that is made, and each is there once', () => {
  const { name } = the<Manifest>('Namespace').metadata;
  const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const { kind, metadata } of all)
    if (!['Namespace', 'ClusterRole', 'ClusterRoleBinding'].includes(kind))
      expect(metadata.namespace).toBe(name);
});

test('the cluster role grants exactly what the code asks for', () => {
  interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
  }
  const { rules } = the<{ rules: Rule[] }>('ClusterRole');
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((name) => verbs.map((verb) => `${verb} ${name}.${group}`)),
    ),
  );
  const asked = RESOURCES.flatMap(({ group, name, verbs }) =>
    verbs.map((verb) => `${verb} ${name}.${group}`),
  );
  expect(granted.toSorted()).toEqual(asked.toSorted());
  expect(granted.every((each) => /^(get|list|watch) /.test(each))).toBe(true);
});

test('the role is bound to the account that the pods have', () => {
  const account = the<Manifest>('ServiceAccount').metadata;
  expect(the('ClusterRoleBinding')).toMatchObject({
    roleRef: { kind: 'ClusterRole', name: the<Manifest>('ClusterRole').metadata.name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  expect(the('DaemonSet')).toMatchObject({
    spec: { template: { spec: { serviceAccountName: account.name } } },
  });
});

test('the configuration loads, and every key of it is active', () => {
  const { data } = the<{ data: Record<string, string> }>('ConfigMap');
  const [[name, text] = ['', '']] = Object.entries(data);
  const { config, inactive } = loadConfig('/etc/telegen/telegen.yaml', { readFile: () => Buffer.from(text) });
  expect(name).toBe('telegen.yaml');
  expect(inactive).toEqual([]);
  expect(config.kubernetes.enabled).toBe(true);
});

describe('the DaemonSet', () => {
  interface Pod {
    readonly hostPID: boolean;
    readonly hostNetwork: boolean;
    readonly containers: readonly {
      readonly env: readonly { name: string; value?: string; valueFrom?: unknown }[];
      readonly securityContext: {
        readonly capabilities: { add: string[]; drop: string[] };
        readonly privileged?: boolean;
      };
      readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[];
      readonly livenessProbe: unknown;
      readonly readinessProbe: unknown;
    }[];
    readonly volumes: readonly { name: string }[];
  }
  const { spec } = the<{
    spec: { selector: { matchLabels: object }; template: { metadata: { labels: object }; spec: Pod } };
  }>('DaemonSet');
  const pod = spec.template.spec;
  const container = pod.containers[0]!;

  test('has the capabilities of the systemd unit', () => {
    const unit = /^CapabilityBoundingSet=(.*)$/m.exec(read('deploy/telegen.service'))?.[1] ?? '';
    const { add, drop } = container.securityContext.capabilities;
    expect(drop).toEqual(['ALL']);
    expect(add.map((name) => `CAP_${name}`).toSorted()).toEqual(unit.split(' ').toSorted());
    expect(container.securityContext.privileged).toBeUndefined();
  });

  test("sees the node's processes, cgroups, interfaces and pod logs, and knows its name", () => {
    expect(pod).toMatchObject({ hostPID: true, hostNetwork: true });
    const { kubernetes } = loadConfig(undefined).config;
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounted).toEqual(expect.arrayContaining(['/sys/fs/cgroup', kubernetes.podLogsDir]));
    expect(container.env).toContainEqual({
      name: 'K8S_NODE_NAME',
      valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } },
    });
  });

  test('mounts what there is, writes only its state', () => {
    const names = container.volumeMounts.map(({ name }) => name).toSorted();
    expect(names).toEqual(pod.volumes.map(({ name }) => name).toSorted());
    const writable = container.volumeMounts.filter(({ readOnly }) => readOnly !== true);
    const state = container.env.find(({ name }) => name === 'STATE_DIRECTORY')?.value;
    expect(writable.map(({ mountPath }) => mountPath)).toEqual([state]);
  });

  test('is asked for its health where it listens', () => {
    const { port, address } = loadConfig(undefined).config.telemetry.listen;
    for (const probe of [container.livenessProbe, container.readinessProbe])
      expect(probe).toMatchObject({ httpGet: { host: address, port } });
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  });
});
