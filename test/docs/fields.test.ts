import { describe, expect, test } from 'vitest';
import { findingsToAlert, settled } from '../../src/alerts/combine.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { createTunedMerger } from '../../src/alerts/tuning/tuned-merger.ts';
import { createListHealth } from '../../src/cli/run/list-health.ts';
import { blocklist } from '../../src/detectors/blocklist.ts';
import { reputation } from '../../src/detectors/reputation.ts';
import { ATTR, HEADER_ATTR, OTEL, OTEL_NAME } from '../../src/model/attributes.ts';
import type { HttpFacts } from '../../src/model/conversation.ts';
import type { ConnectionEvent, TelegenEvent } from '../../src/model/event.ts';
import type { Alert, AttributeValue } from '../../src/model/finding.ts';
import { OWNER_KINDS } from '../../src/model/process.ts';
import { createRename } from '../../src/net/conventions.ts';
import { connectionAttributes, eventAttributes } from '../../src/net/event-attributes.ts';
import { createRoutes } from '../../src/net/http-route.ts';
import { heartbeatNotice, sensorNotice } from '../../src/pipeline/notices.ts';
import { correlationFinding, ruleFinding } from '../../src/rules/rule-finding.ts';
import { Problems } from '../../src/rules/syntax/problem.ts';
import { alertToJson, eventToJson } from '../../src/telemetry/export/serialize.ts';
import { connection, TIME_MS } from '../alerts/fixtures.ts';
import { requests, synFlood, together, watching as windows } from '../detectors/packet-rate/windows.ts';
import { watching as attempts } from '../detectors/scan/attempts.ts';
import { packetRate, probe } from '../support/packet-events.ts';
import { plain, read, tableRows } from './markdown.ts';

const rows = tableRows(read('docs/fields.md'), ['Name', 'Type', 'Present', 'Meaning', 'Example']);
const documented = new Map(
  rows.map(([name, type, , , example]) => [plain(name), { type, example: plain(example) }]),
);

/** The rows of names that end with that of a header field. */
const HEADERS = Object.values(HEADER_ATTR).map((prefix) => `${prefix}<name>`);
const rowOf = (name: string): string => {
  const prefix = Object.values(HEADER_ATTR).find((each) => name.startsWith(each));
  return prefix === undefined ? name : `${prefix}<name>`;
};

function typeOf(value: AttributeValue): string {
  return typeof value === 'object' ? 'array of strings' : typeof value;
}

test('docs/fields.md lists exactly the names that leave telegen, each once', () => {
  expect(rows.map(([name]) => plain(name)).toSorted()).toEqual(
    [...Object.values(ATTR), ...HEADERS].toSorted(),
  );
});

test.each(rows)(
  '%s: every column is filled, and the example is of the type',
  (name, type, present, meaning, example) => {
    expect([name, type, present, meaning, example].every((cell) => cell !== undefined && cell !== '')).toBe(
      true,
    );
    if (type === 'string') return expect(plain(example)).not.toMatch(/^(?:true|false|\d+(?:\.\d+)?|\[.*\])$/);
    expect(typeOf(JSON.parse(plain(example)) as AttributeValue)).toBe(type);
  },
);

/** One of everything that telegen says, out of the code that says it. */
function everything(): Record<string, AttributeValue>[] {
  const stats = { bytesSent: 1, bytesReceived: 2, segmentsSent: 3, segmentsReceived: 4, retransmits: 0 };
  const closed: ConnectionEvent = connection({
    phase: 'closed',
    reason: 'reset',
    errno: 104,
    stats: { ...stats, rttUs: 1250, minRttUs: 980, durationMs: 153.2 },
  });
  const owner = closed.owner;
  if (owner === undefined) throw new Error('the fixture has an owner');
  const exec: TelegenEvent = {
    kind: 'process',
    action: 'exec',
    timeMs: TIME_MS,
    owner,
    filename: '/tmp/shell',
    args: ['a'],
    workingDirectory: '/tmp',
    loginUid: 1000,
  };
  const loss: TelegenEvent = {
    kind: 'loss',
    timeMs: TIME_MS,
    what: 'attempted',
    reason: 'ring_full',
    count: 3,
    destination: 'otlp',
  };
  const named = connection({ peerNames: ['api.example.com'] });
  const packets = [
    packetRate([{ protocol: 'tcp', port: 443, packets: 3, syn: 1 }], {
      senders: [{ owner, packets: 3, bytes: 180 }],
      listed: [{ ip: named.remote.ip, packets: 3, bytes: 180, syn: 1 }],
      applications: [
        {
          name: 'http',
          protocol: 'tcp',
          port: 8443,
          packets: 3,
          client: named.remote.ip,
          server: named.local.ip,
          isAnswer: false,
        },
      ],
    }),
    probe(),
  ];
  const events = [named, ...inCluster(), closed, exec, loss, ...contents(), ...packets].map((event) =>
    eventToJson(event, describeAll),
  );
  return [...events, ...alerts()].map(
    (line) => (JSON.parse(line) as { attributes: Record<string, AttributeValue> }).attributes,
  );
}

/** Both ends in pods of every kind of owner, and asked as a service. */
function inCluster(): TelegenEvent[] {
  const owners = Object.fromEntries(OWNER_KINDS.map((kind) => [kind, `my-${kind}`]));
  const pod = { podUid: 'uid-1', podName: 'web-1', namespace: 'shop', nodeName: 'node-1', owners };
  const service = { name: 'web', namespace: 'shop' };
  const ends = {
    workload: { ...pod, containerId: 'c0ffee', containerName: 'app' },
    peerWorkload: pod,
    service,
  };
  return [connection(ends), connection({ ...ends, role: 'server' })];
}

const shown = {
  headers: new Set(['user-agent', 'server']),
  maxHeaders: 10,
  routes: createRoutes({ patterns: [], infer: true, maxPerService: 10 }),
};
const describeAll = (event: TelegenEvent) => eventAttributes(event, shown);

/** One of each kind of content, with everything that it can have. */
function contents(): TelegenEvent[] {
  const { kind: _kind, phase: _phase, ...facts } = connection();
  const record = { name: 'api.example.com', type: 'A', ttlSeconds: 60, data: '192.0.2.10' };
  const http: HttpFacts = {
    version: '2',
    method: 'POST',
    target: '/shop.Orders/Place',
    scheme: 'http',
    authority: 'api.example.com',
    statusCode: 200,
    requestHeaders: [['user-agent', 'made-up/1.0']],
    responseHeaders: [['server', 'made-up']],
    requestBody: Buffer.from('0123456789'),
    responseBody: Buffer.from('hello '),
    requestBodyBytes: 10,
    responseBodyBytes: 20,
    durationMs: 1.5,
    outcome: 'complete',
    partial: true,
  };
  return [
    {
      ...facts,
      kind: 'dns',
      dns: {
        id: 1,
        questionName: 'api.example.com',
        questionType: 'A',
        outcome: 'answered',
        responseCode: 'NOERROR',
        answers: [record],
        latencyMs: 2.5,
        truncated: true,
        retries: 1,
      },
    },
    { ...facts, kind: 'http', http },
    {
      ...facts,
      kind: 'grpc',
      grpc: {
        http,
        service: 'shop.Orders',
        method: 'Place',
        statusCode: 7,
        statusMessage: 'denied',
        requestMessages: 1,
        responseMessages: 1,
      },
    },
    {
      ...facts,
      kind: 'tls',
      tls: {
        serverName: 'example.com',
        alpn: ['h2'],
        versions: ['1.3'],
        cipherCount: 15,
        ja4: 't13d1516h2_8daaf6152771_02713d6af862',
        encryptedHello: true,
        quicVersion: '1',
      },
    },
  ];
}

/** Alerts of packet rates and scans, with everything that they can have. */
function packetAlerts(): Alert[] {
  const rates = windows();
  rates.run(60, () => [requests(100)]);
  rates.run(20, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.002 } });
  rates.finish();
  const scans = attempts();
  for (let port = 1; port <= 300; port++) scans.probe({ port, source: `203.0.113.${1 + (port % 30)}` });
  for (let port = 1; port <= 20; port++) {
    scans.probe({ port, probe: 'fin' });
    scans.probe({ port: 22, target: `192.0.2.${port}` });
    scans.probe({ port: 22, target: `192.0.2.${port + 20}` });
  }
  return [...rates.findings, ...scans.findings].flatMap((finding) => {
    const candidate = findingsToAlert([finding], () => eventAttributes(finding.event));
    return candidate === undefined ? [] : [{ ...settled(candidate), uid: 'u' }];
  });
}

/** An alert of a rule and one of a correlation, with everything that they can have. */
function ruleAlerts() {
  const list = ['a'];
  const meta = {
    title: 'T',
    id: 'x',
    author: 'a',
    description: 'd',
    level: 'high' as const,
    scope: [],
    related: [],
    custom: {},
    references: list,
    tags: list,
    fields: list,
    falsePositives: list,
  };
  const document = { key: 'x', meta, file: 'f', offset: 0, problems: new Problems(), tests: undefined };
  const event = connection();
  const matched = [{ selection: 's', field: 'f', value: 1 }];
  const last = { event, source: 1, timeMs: TIME_MS, fields: new Map() };
  const fired = {
    document: 0,
    timeMs: TIME_MS,
    last,
    group: [['g', 'v']] as const,
    value: 2,
    contributors: ['e'],
  };
  return [
    ruleFinding({ document, event, matched, fields: [['a', 'b']], portable: true }),
    correlationFinding(document, fired),
  ];
}

function alerts(): string[] {
  const match = {
    list: 'example',
    entry: '198.51.100.0/24',
    line: 3,
    category: 'botnet',
    confidence: 90,
    direction: 'outbound' as const,
    port: 443,
    firstSeenMs: TIME_MS,
    expiresMs: TIME_MS + 1,
    reference: 'SBL1',
  };
  const found = blocklist({ lookup: () => [match], lookupName: () => [], hasNames: () => false }).inspect(
    connection(),
  );
  const score = {
    value: '198.51.100.7',
    score: 84,
    sources: ['blocklist'],
    agents: 2,
    sightings: 17,
    firstSeenMs: TIME_MS,
    lastSeenMs: TIME_MS,
    reason: 'phishing kit',
  };
  const scores = { scoreOf: () => score, scoreOfName: () => undefined };
  const known = reputation(scores, { threshold: 50 }).inspect(connection());
  const findings = [found, known].filter((finding) => finding !== undefined);
  const candidate = findingsToAlert(findings, () => connectionAttributes(connection()));
  if (candidate === undefined) throw new Error('a listed address is found');
  const merger = createMerger({ windowMs: 1000, newUid: () => '0d3f3a2e-8f3c-4c1b-9a51-6f1f0e9f4b5a' });
  const first = merger.offer(candidate, TIME_MS);
  merger.offer(candidate, TIME_MS + 1);
  const crowded = createMerger({ windowMs: 1000, maxKeys: 1, newUid: () => 'u' });
  crowded.offer(candidate, TIME_MS);
  const overflow = crowded.offer({ ...candidate, key: 'another' }, TIME_MS);
  const tuned = createTunedMerger({ merger: crowded, newUid: () => 'u', onExpired: () => {} });
  const anything = { 'telegen.detector': ['*'] };
  tuned.tune({
    suppressions: [],
    limits: [{ name: 'calm-egress', type: 'both', count: 9, windowMs: 1000, track: [], match: anything }],
  });
  tuned.offer(candidate, TIME_MS);
  const [limited] = tuned.flush(TIME_MS);
  const notices = [
    sensorNotice({ check: 'export', state: 'degraded', detail: 'no alert gets through' }, TIME_MS),
    heartbeatNotice(
      {
        uptimeS: 3_600,
        events: 1,
        recordsLost: 0,
        alerts: 1,
        alertsWaiting: 0,
        alertsLost: 0,
        eventLoopLagMs: 10,
        degraded: ['export'],
      },
      TIME_MS,
    ),
  ].map((notice) => ({ ...notice, uid: 'u' }));
  const ruled = ruleAlerts().flatMap(
    (finding) => findingsToAlert([finding], () => connectionAttributes(connection())) ?? [],
  );
  const open = createMerger({ windowMs: 1000, newUid: () => 'u' });
  const ofRules = ruled.map((each) => open.offer(each, TIME_MS));
  const sent = [first, overflow, limited, ...notices, ...ofRules, ...packetAlerts()].filter(
    (alert) => alert !== undefined,
  );
  const health: Alert[] = [];
  const reporter = createListHealth({
    diagnostics: { info() {}, warn() {} },
    newUid: () => 'u',
    now: () => TIME_MS,
  });
  reporter.connect((alert) => health.push(alert));
  reporter.onReport({ level: 'warning', file: 'bad.txt', message: 'bad.txt: stale', health: 'stale' });
  return [...sent, ...health, ...merger.flush(TIME_MS + 2)].map((alert) => alertToJson(alert));
}

describe('what telegen really says', () => {
  const said = everything();
  const names = [...new Set(said.flatMap((attributes) => Object.keys(attributes).map(rowOf)))];

  test('is documented, and all that is documented is said', () => {
    expect(names.toSorted()).toEqual([...documented.keys()].toSorted());
  });

  test.each(names)('%s has the documented type', (name) => {
    const values = said.flatMap((attributes) =>
      Object.entries(attributes).flatMap(([each, value]) => (rowOf(each) === name ? [value] : [])),
    );
    const types = values.map(typeOf);
    expect(values.length).toBeGreaterThan(0);
    expect(new Set(types)).toEqual(new Set([documented.get(name)?.type]));
  });
});

test('the names of OpenTelemetry are all told', () => {
  const section = read('docs/fields.md').split('## The names of OpenTelemetry')[1]?.split('\n## ')[0] ?? '';
  const told = Object.fromEntries(
    tableRows(section, ['telegen', 'OpenTelemetry', 'What else changes']).map(([ours = '', theirs = '']) => [
      plain(ours),
      plain(theirs),
    ]),
  );
  expect(told).toMatchObject(OTEL_NAME);
  const ours = new Set(Object.values<string>(ATTR));
  const toOtel = createRename('otel');
  for (const attributes of everything()) {
    for (const name of Object.keys(toOtel(attributes))) {
      if (ours.has(name) || rowOf(name) !== name) continue;
      expect([...Object.values(told), ...Object.values<string>(OTEL)]).toContain(name);
      expect(section).toContain(`\`${name}\``);
    }
  }
});
