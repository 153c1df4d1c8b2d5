import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEGIN_NS, pcap, pcapng, type TimedPacket } from '../../support/capture-files.ts';
import {
  type Bytes,
  concat,
  ETHER,
  ethernet,
  fields,
  ipv4,
  PROTO,
  tcp,
  text,
  udp,
} from '../../support/packets.ts';
import { mixedCapture } from '../../support/traffic/mixed.ts';

/** What `make build` made: starting it from source takes seconds each time. */
const TELEGEN = new URL('../../../bin/telegen', import.meta.url).pathname;
const CLIENT = '192.0.2.2';
const SERVER = '198.51.100.50';

interface Line {
  readonly timestamp: string;
  readonly severity?: string;
  readonly body?: string;
  readonly attributes: Record<string, unknown>;
}

function frame(fromClient: boolean, protocol: number, payload: Bytes): Bytes {
  const [src, dst] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
  return ethernet(ETHER.ipv4, ipv4({ src, dst, protocol }, payload));
}

/** An HTTP exchange over one connection: handshake, request, response, close from the client's side. */
function httpSession(port: number): Bytes[] {
  const request = text(
    'GET /users/7?token=hunter2 HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer abc\r\n\r\n',
  );
  const response = text('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
  const [c, s] = [1000, 5000];
  const up = (seq: number, ack: number, flags: string, data?: Bytes): Bytes =>
    frame(true, PROTO.tcp, tcp({ srcPort: port, dstPort: 80, seq, ack, flags }, data));
  const down = (seq: number, ack: number, flags: string, data?: Bytes): Bytes =>
    frame(false, PROTO.tcp, tcp({ srcPort: 80, dstPort: port, seq, ack, flags }, data));
  const afterRequest = c + 1 + request.length;
  const afterResponse = s + 1 + response.length;
  return [
    up(c, 0, 'S'),
    down(s, c + 1, 'SA'),
    up(c + 1, s + 1, 'A'),
    up(c + 1, s + 1, 'PA', request),
    down(s + 1, afterRequest, 'PA', response),
    up(afterRequest, afterResponse, 'FA'),
    down(afterResponse, afterRequest + 1, 'FA'),
    up(afterRequest + 1, afterResponse + 1, 'A'),
  ];
}

const QUESTION = concat(
  fields([8, 3]),
  text('api'),
  fields([8, 7]),
  text('example'),
  fields([8, 3]),
  text('com'),
  fields([8, 0], [16, 1], [16, 1]),
);

function dnsMessage(flags: number, answers: Bytes[]): Bytes {
  return concat(
    fields([16, 77], [16, flags], [16, 1], [16, answers.length], [16, 0], [16, 0]),
    QUESTION,
    ...answers,
  );
}

function dnsSession(): Bytes[] {
  const answer = fields([16, 0xc00c], [16, 1], [16, 1], [32, 60], [16, 4], [32, 0xc000020a]);
  return [
    frame(true, PROTO.udp, udp({ srcPort: 40_000, dstPort: 53 }, dnsMessage(0x0100, []))),
    frame(false, PROTO.udp, udp({ srcPort: 53, dstPort: 40_000 }, dnsMessage(0x8180, [answer]))),
  ];
}

/** Long outputs are compared by it: nobody wants to read their difference. */
const digest = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function timed(frames: readonly Bytes[]): TimedPacket[] {
  return frames.map((bytes, index) => ({ timeNs: BEGIN_NS + BigInt(index) * 1_000_000n, bytes }));
}

describe('telegen replay', () => {
  let folder: string;
  const mixed = mixedCapture(8000);
  const packets = timed([...dnsSession(), ...httpSession(40_001)]);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'telegen-replay-'));
    writeFileSync(join(folder, 'bad.txt'), `${SERVER}\n`);
    writeFileSync(join(folder, 'telegen.yaml'), 'agent: {network: {security: {blocklists: [bad.txt]}}}\n');
    writeFileSync(join(folder, 'a.pcap'), pcap(packets));
    writeFileSync(join(folder, 'mixed.pcap'), mixed);
    writeFileSync(join(folder, 'a.pcapng'), pcapng(packets));
    writeFileSync(join(folder, 'a.pcap.gz'), gzipSync(pcap(packets)));
    writeFileSync(join(folder, 'cut.pcap'), pcap(packets).subarray(0, -10));
    writeFileSync(join(folder, 'no-capture'), 'hello, this is text');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function replay(...args: string[]) {
    const run = spawnSync(TELEGEN, ['replay', '-c', join(folder, 'telegen.yaml'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    const lines = run.stdout.split('\n').filter((line) => line.startsWith('{'));
    return { ...run, lines: lines.map((line) => JSON.parse(line) as Line) };
  }

  test('prints alerts alone by default: one for the listed peer, however many conversations', () => {
    const { lines, status, stderr } = replay('a.pcap');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(lines.map((line) => [line.severity, line.body])).toEqual([
      ['WARNING', 'Suspicious outbound connection to known bad IP'],
      ['WARNING', 'Suspicious outbound connection to known bad IP'],
    ]);
    expect(lines[0]?.attributes).toMatchObject({
      'net.peer.ip': SERVER,
      'net.peer.port': 53,
      'telegen.reasons': ['blocklist'],
    });
    expect(lines[1]?.attributes).toMatchObject({ 'telegen.summary': true, 'telegen.count': 2 });
    expect(lines[0]?.timestamp).toBe('2024-01-15T10:30:00.000Z');
  });

  test('decodes DNS and HTTP with the fields of the specification', () => {
    const { lines } = replay('--events', 'dns,http', 'a.pcap');
    const [dns, http] = lines.filter((line) => line.severity === undefined);
    expect(dns?.attributes).toMatchObject({
      'event.name': 'dns',
      'dns.question.name': 'api.example.com',
      'dns.question.type': 'A',
      'dns.response_code': 'NOERROR',
      'dns.answers': ['192.0.2.10'],
      'dns.latency_ms': 1,
      'net.peer.ip': SERVER,
      'net.peer.port': 53,
    });
    expect(http?.attributes).toMatchObject({
      'event.name': 'http',
      'http.method': 'GET',
      'http.url': 'http://api.example.com/users/7?token=***',
      'http.status_code': 200,
      'http.response_content_length': 5,
      'network.protocol.version': '1.1',
      'net.peer.port': 80,
    });
  });

  test('never lets a secret out', () => {
    const { stdout } = replay('--events', 'all', 'a.pcap');
    expect(stdout).not.toMatch(/hunter2|Bearer|abc/);
  });

  test.each(['a.pcapng', 'a.pcap.gz'])('%s says the same as the plain file', (name) => {
    // Only pcapng has a name for the interface.
    const told = replay('--events', 'all', name).stdout.replaceAll('"lab0"', '"if0"');
    expect(told).toBe(replay('--events', 'all', 'a.pcap').stdout);
  });

  test('two runs are identical, byte for byte', () => {
    expect(replay('--events', 'all', 'a.pcap').stdout).toBe(replay('--events', 'all', 'a.pcap').stdout);
  });

  test('says the same from standard input, whatever the pieces', async () => {
    const expected = replay('--events', 'all', 'mixed.pcap');
    for (const size of [1000, 65_536]) {
      const child = spawn(TELEGEN, ['replay', '-c', 'telegen.yaml', '--events', 'all', '-'], { cwd: folder });
      const told = child.stdout.toArray();
      for (let at = 0; at < mixed.length; at += size) child.stdin.write(mixed.subarray(at, at + size));
      child.stdin.end();
      expect(digest(Buffer.concat(await told))).toBe(digest(expected.stdout));
    }
  });

  test('loses no line to a reader who is slow', async () => {
    const child = spawn(TELEGEN, ['replay', '--events', 'all', '--output', 'jsonl', 'mixed.pcap'], {
      cwd: folder,
    });
    const ended = once(child, 'exit');
    await setTimeout(500);
    const [told] = await Promise.all([child.stdout.toArray(), ended]);
    const toFile = openSync(join(folder, 'lines'), 'w');
    spawnSync(TELEGEN, ['replay', '--events', 'all', '--output', 'jsonl', 'mixed.pcap'], {
      cwd: folder,
      stdio: ['ignore', toFile, 'ignore'],
    });
    closeSync(toFile);
    const expected = readFileSync(join(folder, 'lines'), 'utf8');
    expect(expected.split('\n').length).toBeGreaterThan(1000);
    expect(digest(Buffer.concat(told))).toBe(digest(expected));
  });

  test('ends like other programs when the reader has gone', async () => {
    const child = spawn(TELEGEN, ['replay', '--events', 'all', '--output', 'jsonl', 'mixed.pcap'], {
      cwd: folder,
    });
    child.stdout.destroy();
    expect((await once(child, 'exit'))[0]).toBe(141);
  });

  test('a cut file: what is readable is reported, the damage named, exit code 1', () => {
    const { status, stderr, lines } = replay('--events', 'http', 'cut.pcap');
    expect(status).toBe(1);
    expect(stderr).toMatch(/ERROR: cut\.pcap: byte \d+: .+; what was readable is reported/);
    expect(lines.filter((line) => line.attributes['event.name'] === 'http')).toHaveLength(1);
  });

  test.each([
    [['no-capture'], /TELEGEN_CAPTURE: .*no-capture: not a capture/],
    [['missing.pcap'], /TELEGEN_CAPTURE: .*missing\.pcap/],
    [['--events', 'htpt', 'a.pcap'], /"htpt": give all, or some of connection, dns, http/],
    [[], /missing required argument 'file'/],
  ])('%j is refused with exit code 2', (args, message) => {
    const { status, stderr } = replay(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test('metrics and topology of the capture as a whole, and nothing else on standard output', () => {
    const metrics = replay('--output', 'metrics', 'a.pcap');
    expect([metrics.status, metrics.stderr]).toEqual([0, '']);
    const values = metrics.stdout.split('\n');
    for (const line of [
      'telegen_dns_queries_total{domain="api.example.com",response_code="NOERROR"} 1',
      'telegen_tcp_connections{state="established"} 0',
      `tcp_connections_opened_total{src_ip="${CLIENT}",dst_ip="${SERVER}",dst_port="80"} 1`,
    ])
      expect(values).toContain(line);
    expect(metrics.stdout).toMatch(
      /^http_client_requests_total\{.*http_route="\/users\/\{id\}",status_code="200".*\} 1$/m,
    );

    const yaml = replay('--output', 'topology', 'a.pcap').stdout;
    expect(yaml).toMatch(/^topology:\n {2}nodes:\n {4}- id: "/);
    expect(yaml).toContain('        protocol: "http"\n');
    const command = ['topology', '-c', join(folder, 'telegen.yaml'), '--format', 'mermaid', 'a.pcap'];
    const mermaid = spawnSync(TELEGEN, command, { cwd: folder, encoding: 'utf8' });
    expect(mermaid.stdout).toMatch(/^flowchart LR\n[\s\S]*-->\|http\| n\d\n/);
  });

  test('summary counts packets and events', () => {
    expect(replay('--output', 'summary', 'a.pcap').stdout).toMatch(
      /"packets":10.*\nevents: .*1 dns.*\nalerts: 1 on 2 conversations, 1 merged, 1 summaries\n/s,
    );
  });
});
