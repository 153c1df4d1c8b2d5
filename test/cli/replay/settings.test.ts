import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as h2 from '../../protocols/http2/frame-builder.ts';
import { helloMessage, sni, u16, versions } from '../../protocols/tls/hello-bytes.ts';
import { BEGIN_NS, pcap, type TimedPacket } from '../../support/capture-files.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  fields,
  ipv4,
  PROTO,
  text,
  udp,
} from '../../support/packets.ts';
import { tcpScript } from '../../support/tcp-script.ts';

const TELEGEN = new URL('../../../bin/telegen', import.meta.url).pathname;
const CLIENT = '192.0.2.1';
const SERVER = '198.51.100.2';

interface Line {
  readonly timestamp: string;
  readonly severity?: string;
  readonly attributes: Record<string, unknown>;
}

function at(bytes: Bytes, ms: number): TimedPacket {
  return { bytes, timeNs: BEGIN_NS + BigInt(ms) * 1_000_000n };
}

function datagram(fromClient: boolean, payload: Bytes): Bytes {
  const [src, dst] = fromClient ? [CLIENT, '198.51.100.53'] : ['198.51.100.53', CLIENT];
  const ports = fromClient ? { srcPort: 40_000, dstPort: 53 } : { srcPort: 53, dstPort: 40_000 };
  return ethernet(ETHER.ipv4, ipv4({ src, dst, protocol: PROTO.udp }, udp(ports, payload)));
}

/** A question, and with `answer` its response. */
function dnsMessage(id: number, label: string, answer: boolean): Bytes {
  const question = concat(
    fields([8, label.length]),
    text(label),
    fields([8, 7]),
    text('example'),
    fields([8, 3]),
    text('com'),
    fields([8, 0], [16, 1], [16, 1]),
  );
  const head = fields(
    [16, id],
    [16, answer ? 0x8180 : 0x0100],
    [16, 1],
    [16, answer ? 1 : 0],
    [16, 0],
    [16, 0],
  );
  const record = fields([16, 0xc00c], [16, 1], [16, 1], [32, 60], [16, 4], [32, 0xc6336402]);
  return answer ? concat(head, question, record) : concat(head, question);
}

/** Answered, answered without having been asked, never answered. */
const DNS = [
  at(datagram(true, dnsMessage(1, 'api', false)), 0),
  at(datagram(false, dnsMessage(1, 'api', true)), 2),
  at(datagram(false, dnsMessage(2, 'late', true)), 3),
  at(datagram(true, dnsMessage(3, 'silent', false)), 4),
];

function web(): TimedPacket[] {
  const script = tcpScript({ clientPort: 40_001, serverPort: 8080 }, 10);
  const ask = (target: string): void => {
    const body = '{"user":"ann","password":"hunter2"}';
    const more = 'Content-Type: application/json\r\nAuthorization: Bearer topsecret\r\nX-Api-Key: topsecret';
    const head = `POST ${target} HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: made-up/1.0\r\n${more}`;
    script.say('client', 'PA', text(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    script.wait(4);
    const answer = 'Content-Type: text/plain\r\nSet-Cookie: id=topsecret\r\nSet-Cookie: b=topsecret';
    script.say('server', 'PA', text(`HTTP/1.1 200 OK\r\n${answer}\r\nContent-Length: 5\r\n\r\nhello`));
  };
  script.handshake();
  ask('/users/42?token=topsecret');
  ask('/health?verbose=1');
  ask('/healthz');
  script.close();
  return script.packets;
}

function calls(): TimedPacket[] {
  const script = tcpScript({ clientPort: 40_002, serverPort: 50_051 }, 100);
  script.handshake();
  const type = ['content-type', 'application/grpc'] as const;
  const call = h2.headers(1, h2.request('/shop.Orders/Place', type), h2.endHeaders | h2.endStream);
  script.say('client', 'PA', h2.join(h2.opening(), call));
  const answer = h2.headers(1, h2.status(200, type));
  const trailers = h2.headers(1, [['grpc-status', '7']], h2.endHeaders | h2.endStream);
  script.say('server', 'PA', h2.join(h2.settings(), answer, trailers));
  script.close();
  return script.packets;
}

function hello(): TimedPacket[] {
  const message = helloMessage({ extensions: [sni('api.example.com'), versions(0x0304)] });
  const script = tcpScript({ clientPort: 40_003, serverPort: 443 }, 200);
  script.handshake();
  script.say('client', 'PA', Uint8Array.from([22, 3, 1, ...u16(message.length), ...message]));
  script.close();
  return script.packets;
}

/** Ten seconds on, so that the question without an answer has timed out. */
function later(): TimedPacket[] {
  const script = tcpScript({ clientPort: 40_004, serverPort: 22, server: '203.0.113.9' }, 10_000);
  script.handshake();
  script.close();
  return script.packets;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-settings-'));
  writeFileSync(join(folder, 'all.pcap'), pcap([...DNS, ...web(), ...calls(), ...hello(), ...later()]));
  writeFileSync(join(folder, 'bad.txt'), `${SERVER}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a replay prints under this configuration. */
function replay(config: object): Line[] {
  writeFileSync(join(folder, 'telegen.yaml'), JSON.stringify(config));
  const args = ['replay', '-c', 'telegen.yaml', '--events', 'all', '--output', 'jsonl', 'all.pcap'];
  const { stdout, stderr, status } = spawnSync(TELEGEN, args, { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/topsecret|hunter2/);
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

const network = (settings: object) => ({ agent: { network: settings } });
const ebpf = (settings: object) => ({ agent: { ebpf: { network: settings } } });

function of(kind: string, lines: readonly Line[]): Line[] {
  return lines.filter((line) => line.severity === undefined && line.attributes['event.name'] === kind);
}
const values = (name: string, lines: readonly Line[]) => lines.map((line) => line.attributes[name]);
/** Kinds of what is said on connections; packets are told whatever the settings here. */
const kindsIn = (lines: readonly Line[]) => {
  const kinds = new Set(values('event.name', lines).map(String));
  expect([kinds.delete('packet_rate'), kinds.delete('probe')]).toEqual([true, true]);
  return [...kinds].toSorted();
};
const QUESTION = 'dns.question.name';

test('by default everything is told', () => {
  const lines = replay({});
  expect(kindsIn(lines)).toEqual(['connection', 'dns', 'grpc', 'http', 'tls']);
  expect(values(QUESTION, of('dns', lines))).toEqual([
    'api.example.com',
    'late.example.com',
    'silent.example.com',
  ]);
  expect(values('telegen.dns.outcome', of('dns', lines))).toEqual(['answered', 'unasked', 'timeout']);
});

describe('agent.network.dns', () => {
  test('enabled: false', () => {
    expect(kindsIn(replay(network({ dns: { enabled: false } })))).toEqual([
      'connection',
      'grpc',
      'http',
      'tls',
    ]);
  });

  test('capture_responses: false leaves the questions, at the time they were asked', () => {
    const dns = of('dns', replay(network({ dns: { capture_responses: false } })));
    expect(dns.map((line) => [line.timestamp, line.attributes[QUESTION]])).toEqual([
      ['2024-01-15T10:30:00.000Z', 'api.example.com'],
      ['2024-01-15T10:30:00.004Z', 'silent.example.com'],
    ]);
    for (const { attributes } of dns) {
      expect(attributes).toMatchObject({ 'telegen.dns.outcome': 'asked', 'dns.question.type': 'A' });
      expect(Object.keys(attributes)).not.toContain('dns.response_code');
      expect(Object.keys(attributes)).not.toContain('dns.answers');
      expect(Object.keys(attributes)).not.toContain('dns.latency_ms');
    }
  });

  test('capture_queries: false leaves what was responded to', () => {
    const dns = of('dns', replay(network({ dns: { capture_queries: false } })));
    expect(values('telegen.dns.outcome', dns)).toEqual(['answered', 'unasked']);
    expect(dns[0]?.attributes).toMatchObject({ 'dns.response_code': 'NOERROR', 'dns.latency_ms': 2 });
  });

  test('both off: no DNS events, names for addresses all the same', () => {
    const lines = replay(network({ dns: { capture_queries: false, capture_responses: false } }));
    expect(of('dns', lines)).toEqual([]);
    expect(values('net.peer.name', of('http', lines))[0]).toBe('api.example.com');
  });

  test('capture_content: false leaves out the answers', () => {
    const dns = of('dns', replay(network({ dns: { capture_content: false } })));
    expect(values('dns.answers', dns)).toEqual([undefined, undefined, undefined]);
    expect(values('dns.response_code', dns)).toEqual(['NOERROR', 'NOERROR', undefined]);
  });
});

describe('agent.ebpf.network', () => {
  test.each([
    ['enabled', ['connection', 'dns']],
    ['http', ['connection', 'dns', 'grpc', 'tls']],
    ['grpc', ['connection', 'dns', 'http', 'tls']],
  ])('%s: false', (key, kinds) => {
    expect(kindsIn(replay(ebpf({ [key]: false })))).toEqual(kinds);
  });

  const HEALTH = ['/health', '/healthz'];
  test.each([
    [['/health'], ['/healthz']],
    [['/health*'], []],
    [['*z'], ['/health']],
    [['/users'], HEALTH],
  ])('exclude_paths: %j leaves %j', (paths, left) => {
    const urls = values('http.url', of('http', replay(ebpf({ exclude_paths: paths }))));
    const found = urls.map((url) => new URL(String(url)).pathname).filter((path) => path !== '/users/42');
    expect(found).toEqual(left);
  });

  test('exclude_paths: calls of gRPC, too', () => {
    expect(of('grpc', replay(ebpf({ exclude_paths: ['/shop.Orders/*'] })))).toEqual([]);
  });

  test('capture_headers: the chosen ones as lists, secrets masked', () => {
    const names = ['Content-Type', 'authorization', 'x-api-key', 'set-cookie', 'x-request-id'];
    const lines = replay(ebpf({ capture_headers: names }));
    const [http] = of('http', lines);
    const captured = Object.entries(http?.attributes ?? {}).filter(([name]) => name.includes('.header.'));
    expect(Object.fromEntries(captured)).toEqual({
      'http.request.header.content-type': ['application/json'],
      'http.request.header.authorization': ['***'],
      'http.request.header.x-api-key': ['***'],
      'http.response.header.content-type': ['text/plain'],
      'http.response.header.set-cookie': ['***', '***'],
    });
    expect(of('grpc', lines)[0]?.attributes).toMatchObject({
      'http.request.header.content-type': ['application/grpc'],
    });
  });

  test('include_ports, exclude_ports: telemetry of these ports; excluded wins', () => {
    const talkIn = (lines: readonly Line[]) =>
      lines.filter(({ attributes }) => !['packet_rate', 'probe'].includes(String(attributes['event.name'])));
    const ports = (settings: object) =>
      [...new Set(values('net.peer.port', talkIn(replay(ebpf(settings)))).map(String))].toSorted();
    expect(ports({ include_ports: [8080, 53] })).toEqual(['53', '8080']);
    expect(ports({ exclude_ports: [22, 53, 443, 50_051] })).toEqual(['8080']);
    expect(ports({ include_ports: [8080, 53], exclude_ports: [53] })).toEqual(['8080']);
    // A window is of all ports; a probe is of one.
    const asked = of('probe', replay(ebpf({ include_ports: [8080] })));
    expect(values('net.host.port', asked)).toEqual([8080]);
  });

  test('filters never blind detectors', () => {
    const blind = {
      enabled: false,
      exclude_ports: [8080, 50_051, 443],
      exclude_paths: ['*'],
    };
    const security = { blocklists: ['bad.txt'], suspicious_ports: [22] };
    const lines = replay({
      agent: { ebpf: { network: blind }, network: { security, dns: { enabled: false } } },
    });
    const alerts = lines.filter(
      (line) => line.severity === 'WARNING' && line.attributes['telegen.summary'] !== true,
    );
    expect(values('net.peer.port', alerts)).toEqual([8080, 22]);
  });
});

describe('agent.network.http', () => {
  const body = 'telegen.http.request_body';
  test('max_body_capture: 0 captures none', () => {
    const names = of('http', replay({})).flatMap((line) => Object.keys(line.attributes));
    expect(names).not.toContain(body);
    expect(names).not.toContain('telegen.http.response_body');
  });

  test('max_body_capture: the beginning of each body, credentials masked', () => {
    const [http] = of('http', replay(network({ http: { max_body_capture: 100 } })));
    expect(http?.attributes).toMatchObject({
      [body]: '{"user":"ann","password":"***"}',
      'telegen.http.response_body': 'hello',
    });
    const [cut] = of('http', replay(network({ http: { max_body_capture: 28 } })));
    expect(cut?.attributes[body]).toBe('{"user":"ann","password":"***');
  });

  test('max_headers: so many per message', () => {
    const names = ['host', 'user-agent', 'content-type', 'set-cookie'];
    const config = {
      agent: { network: { http: { max_headers: 2 } }, ebpf: { network: { capture_headers: names } } },
    };
    const [http] = of('http', replay(config));
    const captured = Object.keys(http?.attributes ?? {}).filter((name) => name.includes('.header.'));
    expect(captured).toEqual([
      'http.request.header.host',
      'http.request.header.user-agent',
      'http.response.header.content-type',
      'http.response.header.set-cookie',
    ]);
    expect(http?.attributes['http.response.header.set-cookie']).toHaveLength(1);
  });

  test.each([
    [{}, ['/users/{id}', '/health', '/healthz']],
    [{ patterns: ['/users/{user}'], infer: false }, ['/users/{user}', undefined, undefined]],
    [{ infer: false }, [undefined, undefined, undefined]],
    [{ max_per_service: 1 }, ['/users/{id}', '/*', '/*']],
  ])('route: %j', (route, routes) => {
    expect(values('http.route', of('http', replay(network({ http: { route } }))))).toEqual(routes);
  });
});

describe('semantic_conventions', () => {
  const security = { blocklists: ['bad.txt'] };
  test.each([
    [
      'telegen',
      { 'http.method': 'POST', 'net.peer.port': 8080 },
      ['http.request.method', 'network.peer.port'],
    ],
    ['otel', { 'http.request.method': 'POST', 'network.peer.port': 8080 }, ['http.method', 'net.peer.port']],
    ['both', { 'http.method': 'POST', 'http.request.method': 'POST', 'net.peer.port': 8080 }, []],
  ])('%s', (conventions, some, none) => {
    const lines = replay({ semantic_conventions: conventions, ...network({ security }) });
    const [http] = of('http', lines);
    expect(http?.attributes).toMatchObject(some);
    const alert = lines.find((line) => line.severity !== undefined);
    const port = conventions === 'otel' ? 'network.peer.port' : 'net.peer.port';
    expect(alert?.attributes).toHaveProperty([port]);
    for (const name of none) {
      expect(http?.attributes).not.toHaveProperty([name]);
      expect(alert?.attributes).not.toHaveProperty([name]);
    }
  });
});

describe('names for addresses', () => {
  test('net.peer.name: connections, what they say, and alerts', () => {
    const lines = replay(network({ security: { blocklists: ['bad.txt'] } }));
    const named = lines.filter((line) => line.attributes['net.peer.ip'] === SERVER);
    expect(named.length).toBeGreaterThan(8);
    expect(new Set(values('net.peer.name', named))).toEqual(new Set(['api.example.com']));
    expect(named.some((line) => line.severity !== undefined)).toBe(true);
    const others = lines.filter((line) => line.attributes['net.peer.ip'] !== SERVER);
    expect(new Set(values('net.peer.name', others))).toEqual(new Set([undefined]));
  });

  test.each([
    [['example.com'], ['203.0.113.9']],
    [['*.example.com'], ['203.0.113.9']],
    [['api.example.com'], ['203.0.113.9']],
    [
      ['ple.com', 'other.example.com'],
      [SERVER, '203.0.113.9'],
    ],
  ])('agent.network.security.allow.names: %j leaves alerts on %j', (names, left) => {
    const allow = { names, cidrs: ['198.51.100.53'] };
    // Asks for DNS by itself, although nobody wants to see it.
    const settings = { security: { external_connection_alerts: true, allow }, dns: { enabled: false } };
    const lines = replay(network(settings));
    const alerts = lines.filter((line) => line.attributes['network.event_type'] === 'external_connection');
    expect([...new Set(values('net.peer.ip', alerts))]).toEqual(left);
  });
});
