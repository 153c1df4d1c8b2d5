import { describe, expect, test } from 'vitest';
import { ATTR } from '../../src/model/attributes.ts';
import type { DnsEvent, HttpEvent, ProcessEvent, TlsEvent } from '../../src/model/event.ts';
import type { Finding } from '../../src/model/finding.ts';
import { createRuleSlot } from '../../src/pipeline/rule-slot.ts';
import { createRuleEngine, type RuleEngine } from '../../src/rules/engine.ts';
import type { RuleSetOptions } from '../../src/rules/engine-parts.ts';
import { EVERYTHING } from '../../src/rules/selection.ts';
import { connection } from '../detectors/events.ts';
import { compileText } from '../support/rules.ts';

const OPTIONS: RuleSetOptions = { viewpoint: 'host', selection: EVERYTHING, portableWindows: false };

function engineOf(text: string, options: Partial<RuleSetOptions> = {}): RuleEngine {
  return createRuleEngine(compileText(text), { ...OPTIONS, ...options });
}

const rule = (logsource: string, item: string, more = ''): string =>
  `title: T\nid: t\n${more}logsource: {${logsource}}\ndetection:\n    s:\n        ${item}\n    condition: s\n`;

const { kind: _kind, phase: _phase, ...facts } = connection({ path: '/usr/bin/curl' });
const http = (more: Partial<HttpEvent['http']> = {}, role: HttpEvent['role'] = 'client'): HttpEvent => ({
  ...facts,
  role,
  kind: 'http',
  http: {
    version: '1.1',
    method: 'GET',
    target: '/a/b.php?x=1',
    scheme: 'http',
    authority: 'www.example.com:8080',
    statusCode: 200,
    requestHeaders: [['Referer', 'r']],
    responseHeaders: [['content-type', 'Text/HTML; charset=x']],
    outcome: 'complete',
    partial: false,
    ...more,
  } as HttpEvent['http'],
});
const dns: DnsEvent = {
  ...facts,
  kind: 'dns',
  dns: {
    id: 1,
    questionName: 'a.b.example.co.uk',
    questionType: 'TXT',
    outcome: 'answered',
    retries: 0,
    responseCode: 'NXDOMAIN',
    answers: [{ name: 'x', type: 'A', ttlSeconds: 30, data: '192.0.2.9' }],
  },
};
const exec: ProcessEvent = {
  kind: 'process',
  action: 'exec',
  timeMs: facts.timeMs,
  owner: { pid: 9, parentPid: 1, uid: 0, startNs: 1, execId: 1, comm: 'nc', cgroupId: 0 },
  args: ['nc', '-e', '--password=hunter2'],
  process: {
    pid: 9,
    key: '9:1',
    name: 'nc',
    executablePath: '/bin/nc',
    ancestors: ['/bin/bash'],
    parentCommandLine: 'bash -i',
  },
};
const hello = (quicVersion?: '1'): TlsEvent => ({
  ...facts,
  kind: 'tls',
  tls: {
    serverName: 'www.example.com',
    alpn: ['h3'],
    versions: ['1.3'],
    cipherCount: 3,
    ja4: 'q13d0310h3_0_0',
    encryptedHello: false,
    ...(quicVersion !== undefined && { quicVersion }),
  },
});
const accepted = connection({ phase: 'accepted', role: 'server', local: '192.0.2.10 3389' });
const closed = connection({
  phase: 'closed',
  stats: {
    bytesSent: 10,
    bytesReceived: 20,
    segmentsSent: 1,
    segmentsReceived: 1,
    retransmits: 0,
    rttUs: 1,
    minRttUs: 1,
    durationMs: 2000,
  },
});

type Row = readonly [
  logsource: string,
  item: string,
  event: Parameters<RuleEngine['inspect']>[0],
  expected: boolean,
];
const CONN = 'category: network_connection, product: linux';
const ROWS: readonly Row[] = [
  [CONN, 'DestinationPort: 443', connection(), true],
  [CONN, "Initiated: 'true'", connection(), true],
  [CONN, "Initiated: 'false'", accepted, true],
  [CONN, 'SourceIp: 198.51.100.50', accepted, true],
  [CONN, "DestinationIp: '2001:db8:0:0:0:0:0:1'", connection({ remote: '2001:db8::1 443' }), true],
  [CONN, "DestinationIp: '0:0:0:0:0:0:0:1'", connection({ remote: '::1 443' }), true],
  [CONN, 'DestinationIsIpv6: true', connection({ remote: '::1 443' }), true],
  [CONN, 'DestinationIp|cidr: 198.51.100.0/24', connection(), true],
  [CONN, 'DestinationHostname: www.example.com', connection({ peerNames: ['x', 'www.example.com'] }), true],
  [CONN, 'Image|endswith: /curl', connection({ path: '/usr/bin/curl' }), true],
  [CONN, 'DestinationPort: 443', connection({ phase: 'established' }), false],
  ['category: network_connection, product: windows', 'DestinationPort: 443', connection(), false],
  ['category: network_connection, product: linux, service: x', 'DestinationPort: 443', connection(), false],
  ['category: firewall', 'action: accept', connection(), true],
  ['category: firewall', "blocked: 'false'", connection(), true],
  ['product: zeek, service: ssl', 'server_name|endswith: .example.com', hello(), true],
  ['product: telegen, category: tls', 'network.protocol.name: quic', hello('1'), true],
  ['product: telegen, category: tls', 'network.protocol.name: quic', hello(), false],
  ['product: telegen, category: tls', "network.protocol.version: '1'", hello('1'), true],
  ['product: zeek, service: rdp', 'id.orig_h: 198.51.100.50', accepted, true],
  ['product: zeek, service: rdp', 'id.orig_h: 192.0.2.10', connection(), false],
  ['service: netflow', 'destination.port: 443', closed, true],
  ['service: netflow', 'destination.port: 443', connection(), false],
  ['product: zeek, service: conn', 'orig_bytes: 10', closed, true],
  ['product: zeek, service: conn', 'duration|gte: 2', closed, true],
  ['product: telegen, category: connection', 'net.peer.port: 443', connection(), true],
  ['product: telegen, service: flow', 'telegen.bytes_sent|lt: 11', closed, true],
  [
    'product: telegen, category: connection',
    'k8s.namespace.name: shop',
    connection({ workload: { namespace: 'shop' } }),
    true,
  ],
  [CONN, 'k8s.deployment.name: web', connection({ workload: { owners: { deployment: 'web' } } }), true],
  [CONN, 'kubernetes.pod.name: web-1', connection({ workload: { podName: 'web-1' } }), true],
  [CONN, 'net.peer.k8s.pod.name: db-0', connection({ peerWorkload: { podName: 'db-0' } }), true],
  [
    CONN,
    'net.peer.k8s.statefulset.name: db',
    connection({ peerWorkload: { owners: { statefulset: 'db' } } }),
    true,
  ],
  [CONN, 'net.peer.k8s.service.name: db', connection({ service: { name: 'db', namespace: 'shop' } }), true],
  [
    CONN,
    'net.peer.k8s.namespace.name: shop',
    connection({ service: { name: 'db', namespace: 'shop' } }),
    true,
  ],
  [CONN, 'k8s.service.name: db', connection({ service: { name: 'db', namespace: 'shop' } }), false],
  [CONN, 'k8s.service.name: db', { ...accepted, service: { name: 'db', namespace: 'shop' } }, true],
  [CONN, 'net.peer.k8s.service.name: db', { ...accepted, service: { name: 'db', namespace: 'shop' } }, false],
  ['category: dns', 'query|endswith: .co.uk', dns, true],
  ['category: dns_query, product: linux', 'QueryName|contains: example', dns, true],
  ['product: zeek, service: dns', 'qtype_name: txt', dns, true],
  ['category: dns', 'answer: 192.0.2.9', dns, true],
  ['category: dns', 'parent_domain: example.co.uk', dns, true],
  ['category: dns', 'QueryStatus: 9003', dns, true],
  ['product: zeek, service: dns', 'Z: 0', dns, true],
  ['category: dns', 'query: a.b.example.co.uk', connection(), false],
  ['category: proxy', 'c-uri: http://www.example.com:8080/a/b.php?x=1', http(), true],
  ['category: proxy', 'c-uri: /a/b.php?x=1', http(), true],
  ['category: proxy', 'cs-uri: /a/b.php', http(), true],
  ['category: proxy', 'c-uri-extension: PHP', http(), true],
  ['category: proxy', 'c-uri-query: x=1', http(), true],
  ['category: proxy', 'cs-host: www.example.com', http(), true],
  ['category: proxy', "c-useragent: ''", http(), true],
  ['category: proxy', "c-useragent: ''", http({ partial: true }), false],
  ['category: proxy', 'cs-method: get', http({}, 'server'), false],
  ['category: proxy', 'c-uri: /x', http({ target: 'http://www.example.com/x' }), true],
  ['category: webserver', 'cs-uri-query: /a/b.php?x=1', http({}, 'server'), true],
  ['category: webserver', 'cs-uri-stem: /a/b.php', http({}, 'server'), true],
  ['category: webserver', 'sc-status: 200', http({}, 'server'), true],
  ['category: webserver', 'cs-referer: null', http({ requestHeaders: [] }, 'server'), true],
  ['category: webserver', 'cs-method: GET', http({}, 'client'), false],
  ['category: webserver', 'cs-method: GET', http({}, 'unknown'), true],
  ['product: zeek, service: http', 'resp_mime_types: text/html', http(), true],
  ['product: zeek, service: http', 'client_header_names: REFERER', http(), true],
  ['category: process_creation, product: linux', 'CommandLine|contains: hunter2', exec, true],
  ['category: process_creation, product: linux', 'ParentImage: /bin/bash', exec, true],
  [
    'category: process_creation, product: linux',
    'CurrentDirectory|startswith: /srv',
    { ...exec, workingDirectory: '/srv/x' },
    true,
  ],
  ['category: process_creation, product: linux', 'LogonId: 0', { ...exec, loginUid: 0 }, true],
  ['category: process_creation, product: linux', 'LogonId: 0', exec, false],
  ['category: process_creation, product: linux', 'ParentCommandLine|contains: -i', exec, true],
  ['category: process_creation, product: linux', 'Image: /bin/nc', { ...exec, action: 'exit' }, false],
];

describe('event classes', () => {
  test.each(ROWS)('%s, %s', (logsource, item, event, expected) => {
    expect(engineOf(rule(logsource, item)).inspect(event, []).length > 0).toBe(expected);
  });

  test('keywords see a line as a web server logs it', () => {
    const text =
      'title: T\nlogsource: {category: webserver}\ndetection:\n    keywords:\n        - GET /a/b.php?x=1 HTTP/1.1 200\n    condition: keywords\n';
    // `?` is a wildcard of one character.
    expect(engineOf(text).inspect(http({}, 'server'), [])).toHaveLength(1);
  });

  test('a capture is both sides of an exchange', () => {
    const text = `${rule('category: proxy', 'cs-method: GET')}---\n${rule('category: webserver', 'cs-method: GET').replace('id: t', 'id: u')}`;
    expect(engineOf(text, { viewpoint: 'capture' }).inspect(http(), [])).toHaveLength(2);
    expect(engineOf(text).inspect(http(), [])).toHaveLength(1);
  });

  test('findings of detectors are events, too', () => {
    const engine = engineOf(rule('product: telegen, category: finding', 'telegen.reasons: blocklist'));
    const event = connection();
    const found: Finding = {
      detector: 'd',
      eventType: 'e',
      severity: 'ERROR',
      gravity: 1,
      body: 'b',
      reason: 'blocklist',
      event,
      attributes: {},
    };
    expect(engine.inspect(event, [found])).toHaveLength(1);
    expect(engine.inspect(event, [{ ...found, reason: 'other' }])).toHaveLength(0);
  });

  test('lists that hold the far end are a field', () => {
    const lookup = () => [{ list: 'bad', entry: '198.51.100.50', line: 1 }];
    const reputation = { lookup, lookupName: () => [], hasNames: () => false };
    const engine = engineOf(rule('product: telegen, category: connection', 'telegen.list.name: bad'), {
      reputation,
    });
    expect(engine.inspect(connection(), [])).toHaveLength(1);
  });
});

describe('a finding of a rule', () => {
  test.each([
    ['informational', 'INFO'],
    ['low', 'INFO'],
    ['medium', 'WARNING'],
    ['high', 'ERROR'],
    ['critical', 'CRITICAL'],
  ])('level %s is %s', (level, severity) => {
    const [finding] = engineOf(rule(CONN, 'DestinationPort: 443', `level: ${level}\n`)).inspect(
      connection(),
      [],
    );
    expect(finding?.severity).toBe(severity);
  });

  test('shows what matched, secrets masked', () => {
    const [finding] = engineOf(
      rule('category: process_creation, product: linux', "CommandLine|contains: '-e'"),
    ).inspect(exec, []);
    expect(finding?.attributes[ATTR.ruleMatched]).toEqual(['s: CommandLine=nc -e --password=***']);
  });
});

describe('which rules take part', () => {
  const text = rule(CONN, 'DestinationPort: 443', 'level: low\ntags: [attack.t1571]\n');
  test.each([
    [{ disable: ['t'] }, 0],
    [{ disable: ['tag:attack.*'] }, 0],
    [{ disable: ['level:low'] }, 0],
    [{ disable: ['file:*rule.yml'] }, 0],
    [{ disable: ['title:other'] }, 1],
    [{ only: ['tag:attack.t1'] }, 0],
    [{ only: ['tag:attack.t15*'] }, 1],
    [{ minLevel: 'medium' as const }, 0],
    [{ shadow: ['t'] }, 0],
  ])('%j: %i findings', (selection, expected) => {
    const engine = engineOf(text, { selection: { ...EVERYTHING, ...selection } });
    expect(engine.inspect(connection(), [])).toHaveLength(expected);
    if ('shadow' in selection)
      expect(engine.counters).toMatchObject({ matches: 1, shadowed: 1, findings: 0 });
  });
});

describe('the slot', () => {
  const text = `${rule(CONN, 'DestinationPort: 443').replace('id: t', 'name: base')}---\ntitle: C\nid: c\ncorrelation:\n    type: event_count\n    rules: [base]\n    timespan: 1m\n    condition: {gte: 3}\n`;
  const at = (second: number) => connection({ timeMs: 1_700_000_000_000 + second * 1000 });

  test('keeps the state of correlations over a swap, and what is owed comes with the next tick', () => {
    const slot = createRuleSlot(engineOf(text));
    for (const second of [0, 1]) expect(slot.inspect(at(second), [])).toEqual([]);
    slot.swap((previous) => {
      const next = engineOf(`${text}---\n${rule('category: dns', 'query: x').replace('id: t', 'id: new')}`);
      next.correlations.takeOver(previous.correlations);
      return next;
    });
    slot.inspect(at(2), []);
    expect(slot.tick(1_700_000_010_000).map(({ body }) => body)).toEqual(['C']);
  });

  test('a correlation of other text begins anew', () => {
    const slot = createRuleSlot(engineOf(text));
    for (const second of [0, 1]) slot.inspect(at(second), []);
    slot.swap((previous) => {
      const next = engineOf(text.replace('timespan: 1m', 'timespan: 2m'));
      next.correlations.takeOver(previous.correlations);
      return next;
    });
    slot.inspect(at(2), []);
    expect(slot.tick(1_700_000_010_000)).toEqual([]);
  });

  test('events that come out of order are put in order', () => {
    const ordered = `${rule(CONN, 'DestinationPort: 1').replace('id: t', 'name: one')}---\n${rule(CONN, 'DestinationPort: 2').replace('id: t', 'name: two')}---\ntitle: C\nid: c\ncorrelation:\n    type: temporal_ordered\n    rules: [one, two]\n    timespan: 1m\n`;
    const engine = engineOf(ordered);
    engine.inspect({ ...at(1), remote: { ...connection().remote, port: 2 } }, []);
    engine.inspect({ ...at(0), remote: { ...connection().remote, port: 1 } }, []);
    expect(engine.tick(1_700_000_010_000)).toHaveLength(1);
  });
});

describe('filters', () => {
  const filter = (rules: string, condition: string, logsource = 'category: network_connection') =>
    `---\ntitle: F\nlogsource: {${logsource}}\nfilter:\n    rules: ${rules}\n    sel: {DestinationPort: 443}\n    condition: ${condition}\n`;
  const base = rule(CONN, 'Initiated: true');
  test.each([
    ['excludes', filter('[t]', 'not sel'), 0],
    ['keeps only', filter('[t]', 'sel'), 1],
    ['any rule', filter('any', 'not sel'), 0],
    ['an empty list is any', filter('[]', 'not sel'), 0],
    ['another rule', filter('[u]', 'not sel'), 1],
    ['another log source', filter('any', 'not sel', 'category: dns'), 1],
  ])('%s', (_, text, expected) => {
    expect(engineOf(base + text).inspect(connection(), [])).toHaveLength(expected);
  });
});
