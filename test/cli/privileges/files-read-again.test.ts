import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { filesReadAgain } from '../../../src/cli/privileges/files-read-again.ts';
import { loadConfig } from '../../../src/config/load.ts';

const folder = mkdtempSync(`${tmpdir()}/telegen-files-`);
afterAll(() => rmSync(folder, { recursive: true }));

function filesOf(config: object, env: Record<string, string> = {}): string[] {
  const source = `${folder}/telegen.yaml`;
  writeFileSync(source, JSON.stringify(config));
  return filesReadAgain(loadConfig(source).config, { source, headerFiles: ['/h'], env });
}

test('the configuration, and every file with a credential that it names', () => {
  const files = filesOf({
    otlp: {
      endpoint: 'https://siem.example.com:4317',
      tls: { ca_file: '/otlp/ca', cert_file: '/otlp/cert', key_file: '/otlp/key' },
    },
    agent: {
      telemetry: {
        listen: { token_file: '/listen/token', cert_file: '/listen/cert', key_file: '/listen/key' },
      },
      kubernetes: { kubeconfig: '/kube/config' },
      network: {
        security: {
          feeds: {
            intel: {
              url: 'https://feeds.example.com/a',
              ca_file: '/feed/ca',
              headers: { 'X-Key': { file: '/feed/key' } },
            },
          },
          reputation: {
            redis: {
              addresses: ['192.0.2.9:6379'],
              password_file: '/redis/password',
              ca_file: '/redis/ca',
              tls: true,
            },
          },
        },
      },
    },
  });
  expect(files.toSorted()).toEqual(
    [
      `${folder}/telegen.yaml`,
      '/h',
      '/feed/ca',
      '/feed/key',
      '/kube/config',
      '/listen/cert',
      '/listen/key',
      '/listen/token',
      '/otlp/ca',
      '/otlp/cert',
      '/otlp/key',
      '/redis/ca',
      '/redis/password',
    ].toSorted(),
  );
});

test('in a pod, what the kubelet renews; not where Kubernetes is not wanted', () => {
  const env = { KUBERNETES_SERVICE_HOST: '192.0.2.1' };
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  expect(filesOf({}, env)).toEqual(expect.arrayContaining([`${account}/token`, `${account}/ca.crt`]));
  expect(filesOf({})).toEqual([`${folder}/telegen.yaml`, '/h']);
  expect(filesOf({ agent: { kubernetes: { enabled: false } } }, env)).toEqual([
    `${folder}/telegen.yaml`,
    '/h',
  ]);
});
