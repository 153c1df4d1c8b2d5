import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT, read } from './markdown.ts';

const FILE = `${ROOT}/deploy/telegen.yaml`;
const unit = read('deploy/telegen.service');

function values(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe('deploy/telegen.yaml', () => {
  test('loads, and every key of it is active', () => {
    const { config, inactive } = loadConfig(FILE);
    expect(inactive).toEqual([]);
    expect(config.network.security).toMatchObject({
      externalConnectionAlerts: true,
      allow: { ports: [123] },
    });
    expect(config.otlp).toMatchObject({ compression: 'gzip', serviceName: 'telegen' });
    expect(config.otlp.endpoint).toBeUndefined();
  });

  test('loads with every setting on offer switched on', () => {
    const text = read('deploy/telegen.yaml').replaceAll('#: ', '');
    expect(text).not.toBe(read('deploy/telegen.yaml'));
    const readFile = (path: string): Uint8Array =>
      Buffer.from(path === FILE ? text : 'key-of-the-collector\n');
    const { config, inactive } = loadConfig(FILE, { readFile });
    expect(inactive).toEqual([]);
    expect(config.network.security.blocklists).toEqual(['/etc/telegen/blocklists']);
    expect(config.network.security.internalNetworks).toContain('203.0.113.0/24');
    expect(config.otlp).toMatchObject({
      endpoint: 'https://collector.example.com:4317',
      headers: { 'x-api-key': 'key-of-the-collector' },
      tls: {
        caFile: '/etc/telegen/ca.pem',
        certFile: '/etc/telegen/client.pem',
        keyFile: '/etc/telegen/client.key',
      },
    });
  });
});

describe('deploy/telegen.service', () => {
  test('grants what telegen needs and nothing beyond it', () => {
    const granted = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_SYS_PTRACE'];
    expect(values('AmbientCapabilities').map((list) => list.split(' '))).toEqual([granted]);
    expect(values('CapabilityBoundingSet').map((list) => list.split(' '))).toEqual([granted]);
    expect(values('NoNewPrivileges')).toEqual(['yes']);
    expect(values('ProtectSystem')).toEqual(['strict']);
  });

  test('runs without root, with its own configuration, and gives up on errors that stay', () => {
    expect(values('DynamicUser')).toEqual(['yes']);
    expect([values('StateDirectory'), values('StateDirectoryMode')]).toEqual([['telegen'], ['0700']]);
    expect(values('ExecStart')).toEqual(['/opt/telegen/bin/telegen run -c /etc/telegen/telegen.yaml']);
    expect(values('RestartPreventExitStatus')).toEqual(['2 3']);
  });
});
