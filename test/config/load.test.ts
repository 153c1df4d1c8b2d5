import { describe, expect, test } from 'vitest';
import { INTERNAL_NETWORKS } from '../../src/config/defaults.ts';
import { loadConfig } from '../../src/config/load.ts';
import { TelegenError } from '../../src/model/errors.ts';
import { errorsOf, FILE, loadText, memoryFiles } from './helpers.ts';

describe('defaults', () => {
  const defaults = loadConfig(undefined);

  test('without a file', () => {
    expect(defaults.source).toBeUndefined();
    expect(defaults.inactive).toEqual([]);
    expect(defaults.config.network.security).toEqual({
      enabled: true,
      suspiciousPorts: [4444, 31_337],
      unexpectedProtocols: {
        enabled: false,
        httpPorts: expect.arrayContaining([80, 8080]),
        tlsPorts: expect.arrayContaining([443, 853]),
        dnsPorts: [53, 5353],
        otherPorts: [],
        allow: { ports: [], processes: [], workloads: [] },
      },
      externalConnectionAlerts: false,
      blocklists: [],
      allowlists: [],
      lists: {},
      feeds: [],
      reputation: { threshold: 50, halfLifeMs: 86_400_000, ttlMs: 604_800_000 },
      ownNetworks: [],
      stateDir: '/var/lib/telegen',
      internalNetworks: INTERNAL_NETWORKS,
      allow: { cidrs: [], names: [], ports: [], processes: [] },
      mergeWindowMs: 300_000,
      packetRate: {
        warmUpMs: 30_000,
        startAfterMs: 2_000,
        endAfterMs: 10_000,
        updateIntervalMs: 60_000,
        acceptAfterMs: 1_800_000,
        halfLifeMs: 1_800_000,
        ratio: 3,
        deviations: 6,
        floors: { packets: 2_000, syn: 100, udp: 1_000, icmp: 200, small: 2_000 },
      },
      scan: {
        windowMs: 300_000,
        inboundPorts: 15,
        inboundHosts: 25,
        outboundPorts: 25,
        outboundHosts: 50,
        stealthProbes: 5,
        distributedSources: 20,
        distributedPorts: 50,
        slowWindowMs: 21_600_000,
        slowTargets: 100,
        stormAttempts: 75,
        stormWindowMs: 60_000,
        maxTracked: 20_000,
        ignoreUdpPorts: [67, 68, 123, 137, 138, 546, 547, 1_900, 5_353, 5_355],
        ignoreSources: [],
        ignoreProcesses: ['/*/kubelet', '/kubelet'],
      },
    });
    expect(defaults.config.network.ringBufferBytes).toBe(16_777_216);
    expect(defaults.config.kubernetes).toEqual({
      enabled: 'auto',
      podLogsDir: '/var/log/pods',
      nodes: true,
    });
    expect(defaults.config.otlp).toEqual({
      headers: {},
      compression: 'none',
      timeoutMs: 10_000,
      insecure: false,
      tls: {},
      serviceName: 'telegen',
    });
    expect(defaults.config.semanticConventions).toBe('telegen');
  });

  test.each([
    ['an empty file', ''],
    ['a byte order mark', '\u{feff}'],
    ['comments only', '# nothing\n\n# yet\n'],
    ['a document marker', '---\n'],
    ['null', 'null\n'],
    ['an empty mapping', '{}'],
    [
      'empty sections',
      'agent:\n  network:\n    security:\n      # suspicious_ports: [1]\n  ebpf:\notlp:\n  tls:\n',
    ],
  ])('%s', (_name, text) => {
    const loaded = loadText(text);
    expect(loaded.config).toEqual(defaults.config);
    expect([...loaded.setKeys, ...loaded.inactive]).toEqual([]);
    expect(loaded.source).toBe(FILE);
  });
});

describe('precedence: the file over the defaults, key by key', () => {
  test('the neighbours of a key keep their defaults', () => {
    const { network } = loadText(
      'agent: {network: {tcp: {rtt: false}, security: {merge_window: 30s}}}',
    ).config;
    expect(network.tcp).toMatchObject({ enabled: true, rtt: false, retransmits: true, sampleRate: 1 });
    expect(network.security).toMatchObject({
      enabled: true,
      suspiciousPorts: [4444, 31_337],
      mergeWindowMs: 30_000,
    });
  });

  test('a list replaces the default list, also with nothing', () => {
    const text = 'agent: {network: {security: {suspicious_ports: [], internal_networks: [192.0.2.0/24]}}}';
    expect(loadText(text).config.network.security).toMatchObject({
      suspiciousPorts: [],
      internalNetworks: ['192.0.2.0/24'],
    });
  });

  test('one load does not change the defaults of the next', () => {
    const first = loadConfig(undefined).config.network.security.suspiciousPorts as number[];
    first.push(1);
    expect(loadConfig(undefined).config.network.security.suspiciousPorts).toEqual([4444, 31_337]);
  });
});

describe('values as the program wants them', () => {
  test('paths start at the folder of the file', () => {
    const { config } = loadText(`
agent:
  network: {security: {blocklists: [lists/a.txt, /abs/b.txt, ../c]}}
  kubernetes: {pod_logs_dir: pods, enabled: false, kubeconfig: kube/config, node_name: node-1, nodes: false}
otlp:
  endpoint: https://collector.example.com:4317
  tls: {ca_file: tls/ca.pem, cert_file: /etc/cert.pem, key_file: key.pem}
`);
    expect(config.network.security.blocklists).toEqual(['/etc/telegen/lists/a.txt', '/abs/b.txt', '/etc/c']);
    expect(config.kubernetes).toEqual({
      enabled: false,
      podLogsDir: '/etc/telegen/pods',
      kubeconfig: '/etc/telegen/kube/config',
      nodeName: 'node-1',
      nodes: false,
    });
    expect(config.otlp.tls).toEqual({
      caFile: '/etc/telegen/tls/ca.pem',
      certFile: '/etc/cert.pem',
      keyFile: '/etc/telegen/key.pem',
    });
  });

  test('networks are canonical', () => {
    const lists = 'internal_networks: ["2001:DB8::/32", 10.0.0.0/255.0.0.0], allow: {cidrs: [192.0.2.1]}';
    const { security } = loadText(`agent: {network: {security: {${lists}}}}`).config.network;
    expect(security.internalNetworks).toEqual(['2001:db8::/32', '10.0.0.0/8']);
    expect(security.allow.cidrs).toEqual(['192.0.2.1/32']);
  });

  test('header names for capture are lower case', () => {
    const text = 'agent: {ebpf: {network: {capture_headers: [X-Request-ID]}}}';
    expect(loadText(text).config.network.http.captureHeaders).toEqual(['x-request-id']);
  });

  test('an anchor may be used again', () => {
    const text = 'agent: {network: {include_ports: &p [80], security: {suspicious_ports: *p}}}';
    expect(loadText(text).config.network).toMatchObject({
      includePorts: [80],
      security: { suspiciousPorts: [80] },
    });
  });

  test.each([
    ['4096', 4096],
    ['65536', 65_536],
    ['0x1000000', 16_777_216],
    ['1073741824', 1_073_741_824],
  ])('ring_buffer_size %s', (text, bytes) => {
    expect(loadText(`agent: {network: {ring_buffer_size: ${text}}}`).config.network.ringBufferBytes).toBe(
      bytes,
    );
  });
});

describe('a setting with two homes', () => {
  const both = (first: string, second: string): string =>
    `agent:\n  network:\n    include_ports: ${first}\n  ebpf:\n    network:\n      include_ports: ${second}\n`;

  test('either will do', () => {
    expect(loadText('agent: {network: {include_ports: [80]}}').config.network.includePorts).toEqual([80]);
    expect(loadText('agent: {ebpf: {network: {include_ports: [81]}}}').config.network.includePorts).toEqual([
      81,
    ]);
  });

  test.each([
    ['[80, 443]', '[80, 443]'],
    ['[80, 443]', '[443, 80, 80]'],
    ['[]', '[]'],
  ])('the same in both: %s and %s', (first, second) => expect(errorsOf(both(first, second))).toEqual([]));

  test.each([
    ['[80]', '[81]'],
    ['[80]', '[]'],
    ['[]', '[80]'],
    ['[80]', '[80, 443]'],
  ])('a conflict names both places: %s and %s', (first, second) => {
    expect(errorsOf(both(first, second))).toEqual([
      '6:7: agent.ebpf.network.include_ports: differs from agent.network.include_ports (line 3); ' +
        'it is one setting: keep it in one place',
    ]);
  });
});

describe('a file that cannot be read', () => {
  test.each([
    ['a folder', '/', 'is a folder'],
    ['a missing file', '/nonexistent/telegen.yaml', 'no such file'],
  ])('%s', (_name, path, problem) => {
    expect(() => loadConfig(path)).toThrow(new RegExp(`^${path}: ${problem}`));
  });

  test('a file over 1 MiB', () => {
    expect(errorsOf('#'.repeat(1_048_576))).toEqual([]);
    expect(errorsOf('#'.repeat(1_048_577))[0]).toContain('larger than 1048576 bytes');
  });

  test('text that is not UTF-8', () => {
    const load = () => loadConfig(FILE, memoryFiles({ [FILE]: new Uint8Array([0xff, 0xfe]) }));
    expect(load).toThrow(/not UTF-8/);
    expect(load).toThrow(TelegenError);
  });
});

test('beyond 100 problems the rest are counted', () => {
  const lines = errorsOf(Array.from({ length: 150 }, (_, index) => `key${index}: 1`).join('\n'));
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('... and 50 more problems');
});
