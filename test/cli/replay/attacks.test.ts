import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEGIN_NS, pcap, type TimedPacket } from '../../support/capture-files.ts';
import { PROTO, udp } from '../../support/packets.ts';
import {
  at,
  crowd,
  inOrder,
  numbers,
  outside,
  pingSweep,
  type ScanKind,
  scanOf,
  synFlood,
  visit,
} from '../../support/traffic/attacks.ts';

/** What `make build` made: starting it from source takes seconds each time. */
const TELEGEN = new URL('../../../bin/telegen', import.meta.url).pathname;
const BEGIN_MS = Number(BEGIN_NS / 1_000_000n);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telegen-attacks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Alert {
  /** Seconds from the begin of the capture. */
  readonly second: number;
  readonly severity: string;
  readonly body: string;
  readonly attributes: Record<string, unknown>;
}

/** Alerts of the detectors; the capture is as if a host of 10.0.0.0/8 had made it. */
function replay(packets: readonly TimedPacket[], config = ''): Alert[] {
  const file = join(folder, 'attack.pcap');
  const settings = join(folder, 'telegen.yaml');
  writeFileSync(file, pcap(packets));
  writeFileSync(settings, `rules: {enabled: false}\nagent: {network: {security: {${config}}}}\n`);
  const { stdout, stderr, status } = spawnSync(
    TELEGEN,
    ['replay', '-c', settings, '--output', 'jsonl', file],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { timestamp, ...rest } = JSON.parse(line) as Alert & { timestamp: string };
      return { ...rest, second: (Date.parse(timestamp) - BEGIN_MS) / 1_000 };
    });
}

const always = (perSecond: number) => () => perSecond;
const hosts = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.1.${index + 1}`);
const ports = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const SCANNER = '198.51.100.99';

describe('packet rates', () => {
  test('a SYN flood of twenty times the baseline, 10,000 forged sources: start within 3 s, end within 15 s', () => {
    const alerts = replay(
      inOrder(
        crowd({ fromMs: 0, toMs: 95_000, perSecond: always(50) }, 40),
        synFlood({ fromMs: 50_400, toMs: 70_400, perSecond: always(1_000) }, 10_000),
      ),
    );
    const [start, end] = alerts;
    expect(alerts.map(({ attributes }) => attributes['telegen.rate.phase'])).toEqual(['start', 'end']);
    expect(start).toMatchObject({
      severity: 'WARNING',
      body: 'SYN flood on if0, tcp/80: 1050 SYN/s, 50 usual',
      attributes: {
        'network.event_type': 'packet_rate_anomaly',
        'telegen.detector': 'packet-rate',
        'telegen.reasons': ['syn_flood'],
        'telegen.rate.spread': 'spoofed',
        'net.host.ip': '10.0.0.80',
        'net.host.port': 80,
      },
    });
    expect(start?.second).toBeGreaterThan(50.4);
    expect(start?.second).toBeLessThan(53.4);
    expect(end?.second).toBeLessThan(85.4);
    expect(end?.attributes).toMatchObject({ 'telegen.rate.ending': 'over', 'telegen.rate.peak': 1_050 });
    expect(end?.attributes['telegen.rate.top_sources']).toHaveLength(20);
  });

  test('a flash crowd of complete handshakes is not called a flood', () => {
    const alerts = replay(
      inOrder(
        crowd({ fromMs: 0, toMs: 60_000, perSecond: always(20) }, 40),
        crowd({ fromMs: 40_000, toMs: 55_000, perSecond: always(500) }, 900),
      ),
    );
    expect(alerts.map(({ severity, body }) => `${severity} ${body}`)).toEqual([
      'INFO Flash crowd on if0, tcp/80: 520 SYN/s, 20 usual',
      expect.stringMatching(/^INFO Flash crowd on if0, tcp\/80 is no longer followed \(unobserved\)/),
    ]);
  });

  test('a ramp over five minutes is caught on the way', () => {
    const alerts = replay(
      inOrder(
        crowd({ fromMs: 0, toMs: 480_000, perSecond: always(10) }, 40),
        synFlood({ fromMs: 120_000, toMs: 420_000, perSecond: (second) => second - 120 }, 5_000),
      ),
    );
    expect(alerts[0]).toMatchObject({ body: expect.stringContaining('SYN flood') });
    expect(alerts[0]?.second).toBeLessThan(260);
    expect(alerts.at(-1)?.attributes['telegen.rate.ending']).toBe('over');
    const phases = alerts.map(({ attributes }) => attributes['telegen.rate.phase']);
    expect(phases.filter((phase) => phase !== 'update')).toEqual(['start', 'end']);
  });

  test('a day of ordinary traffic, its rates as low as they may be for an alert: none', {
    timeout: 240_000,
  }, () => {
    const next = numbers(5);
    const day: TimedPacket[] = [];
    for (let second = 0; second < 86_400; second++) {
      const busy = 1 - Math.cos((2 * Math.PI * second) / 86_400);
      const chance = next() / 2 ** 32;
      if (chance < 0.1 + busy * 0.12) {
        const client = outside(next() % 400);
        day.push(...visit(second * 1_000 + (next() % 900), client, 20_000 + (next() % 40_000)));
      }
      if (next() / 2 ** 32 < 0.2) {
        const asks = { src: '10.0.0.80', dst: '10.0.0.53' };
        day.push(
          at(
            second * 1_000 + 500,
            PROTO.udp,
            asks,
            udp({ srcPort: 30_000 + (next() % 9_000) }, new Uint8Array(30)),
          ),
        );
      }
    }
    const lowest = 'packet_rate: {floor: {packets: 30, syn: 5, udp: 5, icmp: 5, small: 30}}';
    expect(replay(inOrder(day), lowest)).toEqual([]);
  });

  test('switched off, or with a floor that it does not reach, it says nothing', () => {
    const flood = inOrder(
      crowd({ fromMs: 0, toMs: 50_000, perSecond: always(10) }, 40),
      synFlood({ fromMs: 40_000, toMs: 50_000, perSecond: always(300) }, 10_000),
    );
    expect(replay(flood)).toHaveLength(2);
    expect(replay(flood, 'packet_rate: {enabled: false}')).toEqual([]);
    expect(replay(flood, 'packet_rate: {floor: {syn: 1000}}')).toEqual([]);
  });
});

describe('scans', () => {
  const vertical: readonly [ScanKind, string][] = [
    ['syn', 'TCP port scan from 198.51.100.99: 15 ports of 10.0.0.1 tried in vain'],
    ['connect', 'TCP port scan from 198.51.100.99: 15 ports of 10.0.0.1 tried in vain'],
    ['udp', 'UDP port scan from 198.51.100.99: 15 ports of 10.0.0.1 tried in vain'],
    ['fin', 'FIN scan from 198.51.100.99: 5 probes with flags that no connection has'],
    ['null', 'NULL scan from 198.51.100.99: 5 probes with flags that no connection has'],
    ['xmas', 'Xmas scan from 198.51.100.99: 5 probes with flags that no connection has'],
  ];
  test.each(vertical)('%s: named once', (kind, body) => {
    const count = kind === 'syn' || kind === 'connect' || kind === 'udp' ? 140 : 45;
    const packets = scanOf({
      kind,
      source: SCANNER,
      targets: ['10.0.0.1'],
      ports: ports(count),
      fromMs: 0,
      gapMs: 10,
      open: [22, 80],
    });
    expect(replay(packets).map((alert) => alert.body)).toEqual([body]);
  });

  test('sweeps of a port and by ping, each named once', () => {
    const sweep = scanOf({
      kind: 'syn',
      source: SCANNER,
      targets: hosts(200),
      ports: [3_389],
      fromMs: 0,
      gapMs: 5,
    });
    expect(
      replay(inOrder(sweep, pingSweep('198.51.100.98', hosts(200), 10_000))).map(({ body }) => body),
    ).toEqual([
      'TCP sweep from 198.51.100.99: 25 hosts tried in vain on port 3389',
      'ICMP echo sweep from 198.51.100.98: 25 hosts asked in vain',
    ]);
  });

  test('many hosts and ports, told as one that grows', () => {
    const block = scanOf({
      kind: 'syn',
      source: SCANNER,
      targets: hosts(30),
      ports: ports(100),
      fromMs: 0,
      gapMs: 5,
    });
    expect(replay(inOrder(block)).map(({ attributes }) => attributes['telegen.reasons'])).toEqual([
      ['tcp_scan'],
      ['tcp_scan'],
    ]);
  });

  test('slow, over hours', () => {
    const slow = scanOf({
      kind: 'syn',
      source: SCANNER,
      targets: ['10.0.0.1'],
      ports: ports(110),
      fromMs: 0,
      gapMs: 120_000,
    });
    expect(replay(slow).map(({ attributes }) => attributes['telegen.scan.shape'])).toEqual(['slow']);
  });

  test('out of this side: by address, as a capture knows no processes', () => {
    const out = scanOf({
      kind: 'syn',
      source: '10.0.0.1',
      targets: ['203.0.113.5'],
      ports: ports(60),
      fromMs: 0,
      gapMs: 10,
    });
    expect(replay(out)).toMatchObject([
      { severity: 'ERROR', body: 'TCP port scan by 10.0.0.1: 25 ports of 203.0.113.5 tried in vain' },
    ]);
  });

  test('within this side, and between strangers: told once all the same', () => {
    const inside = scanOf({
      kind: 'syn',
      source: '10.0.0.1',
      targets: ['10.0.0.2'],
      ports: ports(60),
      fromMs: 0,
      gapMs: 10,
    });
    const strange = scanOf({
      kind: 'syn',
      source: SCANNER,
      targets: ['203.0.113.5'],
      ports: ports(60),
      fromMs: 0,
      gapMs: 10,
    });
    expect(
      replay(inOrder(inside, strange))
        .map(({ body }) => body)
        .toSorted(),
    ).toEqual([
      'TCP port scan from 10.0.0.1: 15 ports of 10.0.0.2 tried in vain',
      'TCP port scan from 198.51.100.99: 15 ports of 203.0.113.5 tried in vain',
    ]);
  });

  test('thresholds act', () => {
    const few = scanOf({
      kind: 'syn',
      source: SCANNER,
      targets: ['10.0.0.1'],
      ports: ports(6),
      fromMs: 0,
      gapMs: 10,
    });
    expect(replay(few)).toEqual([]);
    expect(replay(few, 'scan: {inbound_ports: 5}')).toHaveLength(1);
    expect(replay(few, `scan: {inbound_ports: 5, ignore_sources: [${SCANNER}]}`)).toEqual([]);
    expect(replay(few, 'scan: {enabled: false}')).toEqual([]);
  });
});

test('the same capture gives the same alerts, byte for byte', () => {
  const packets = inOrder(
    scanOf({ kind: 'udp', source: SCANNER, targets: hosts(10), ports: ports(40), fromMs: 0, gapMs: 20 }),
    crowd({ fromMs: 0, toMs: 40_000, perSecond: always(10) }, 10),
    synFlood({ fromMs: 35_000, toMs: 40_000, perSecond: always(400) }, 10_000),
  );
  const first = replay(packets);
  expect(first.length).toBeGreaterThan(2);
  expect(replay(packets)).toEqual(first);
});

describe('the captures that scripts/make-captures.ts writes', () => {
  const bodies = (name: string): string[] => {
    const { stdout } = spawnSync(TELEGEN, ['replay', '--output', 'jsonl', join(folder, 'made', name)], {
      encoding: 'utf8',
    });
    const lines = stdout.split('\n').filter((line) => line !== '');
    const alerts = lines.map((line) => JSON.parse(line) as Alert);
    return alerts
      .filter(({ attributes }) => ['scan', 'packet-rate'].includes(String(attributes['telegen.detector'])))
      .map(({ body }) => body);
  };
  beforeAll(() => {
    const script = new URL('../../../scripts/make-captures.ts', import.meta.url).pathname;
    spawnSync(process.execPath, [script, join(folder, 'made'), '--packets', '10']);
  });

  test('syn-flood.pcap', () => {
    expect(bodies('syn-flood.pcap')).toEqual([
      'SYN flood on if0, tcp/80: 310 SYN/s, 10 usual',
      'SYN flood on if0, tcp/80 is over: 3600 packets in 10 s, at most 310 SYN/s',
    ]);
  });

  test('flash-crowd.pcap', () => {
    const [start, ...rest] = bodies('flash-crowd.pcap');
    expect([start, rest.length]).toEqual(['Flash crowd on if0, tcp/80: 460 SYN/s, 10 usual', 1]);
  });

  test('scans.pcap', () => {
    expect(bodies('scans.pcap')).toEqual([
      'TCP port scan from 198.51.100.1: 15 ports of 10.0.0.1 tried in vain',
      'UDP port scan from 198.51.100.2: 15 ports of 10.0.0.1 tried in vain',
      'FIN scan from 198.51.100.3: 5 probes with flags that no connection has',
      'NULL scan from 198.51.100.4: 5 probes with flags that no connection has',
      'Xmas scan from 198.51.100.5: 5 probes with flags that no connection has',
      'TCP sweep from 198.51.100.11: 25 hosts tried in vain on port 3389',
      'ICMP echo sweep from 198.51.100.12: 25 hosts asked in vain',
    ]);
  });
});
