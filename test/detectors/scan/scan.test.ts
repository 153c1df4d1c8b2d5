import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ATTR } from '../../../src/model/attributes.ts';
import type { ProbeKind } from '../../../src/model/packets.ts';
import { connection } from '../../alerts/fixtures.ts';
import { host, REFUSED, UNANSWERED, watching } from './attempts.ts';

type Watch = ReturnType<typeof watching>;
const upTo = (count: number, act: (index: number) => void): void => {
  for (let index = 0; index < count; index++) act(index);
};

describe('from outside', () => {
  const kinds: readonly [ProbeKind, string, string][] = [
    ['syn', 'tcp_scan', 'TCP port scan from 198.51.100.7: 15 ports of 192.0.2.10 tried in vain'],
    ['udp', 'udp_scan', 'UDP port scan from 198.51.100.7: 15 ports of 192.0.2.10 tried in vain'],
    ['null', 'null_scan', 'NULL scan from 198.51.100.7: 5 probes with flags that no connection has'],
    ['fin', 'fin_scan', 'FIN scan from 198.51.100.7: 5 probes with flags that no connection has'],
    ['xmas', 'xmas_scan', 'Xmas scan from 198.51.100.7: 5 probes with flags that no connection has'],
  ];
  test.each(kinds)('%s to a thousand ports is told once', (kind, reason, body) => {
    const watch = watching({ inboundPorts: 15 });
    upTo(140, (index) => {
      watch.probe({ port: index + 1, probe: kind, answer: 'rst' });
      watch.wait(10);
    });
    const [first] = watch.findings;
    expect(first).toMatchObject({ reason, body, severity: 'WARNING', eventType: 'port_scan', alone: true });
    expect(watch.reasons.slice(1)).toEqual(kind === 'syn' || kind === 'udp' ? [] : [reason]);
  });

  test('what was found is listed', () => {
    const watch = watching();
    upTo(15, (index) => watch.probe({ port: 100 + index }));
    expect(watch.findings[0]?.attributes).toEqual({
      'telegen.scan.shape': 'vertical',
      'telegen.scan.technique': 'tcp',
      'telegen.scan.port_count': 15,
      'telegen.scan.ports': Array.from({ length: 15 }, (_, index) => String(100 + index)),
      'telegen.scan.targets': ['192.0.2.10'],
    });
  });

  test('one port of many hosts is a sweep', () => {
    const watch = watching();
    upTo(200, (index) => watch.probe({ target: host(index + 1), port: 22, answer: 'none' }));
    expect(watch.told).toEqual(['TCP sweep from 198.51.100.7: 25 hosts tried in vain on port 22']);
    expect(watch.findings[0]).toMatchObject({
      eventType: 'host_sweep',
      attributes: { 'telegen.scan.host_count': 25 },
    });
  });

  test('echo requests to many hosts are a sweep; those that look for hosts also try a port', () => {
    const watch = watching();
    upTo(200, (index) => {
      watch.probe({ target: host(index + 1), port: 0, probe: 'icmp_echo', answer: 'none' });
      watch.probe({ target: host(index + 1), port: 443, answer: 'none' });
    });
    expect(watch.told).toEqual(['ICMP echo sweep from 198.51.100.7: 25 hosts asked in vain']);
  });

  test('many ports of many hosts are one scan, told again at ten times its size', () => {
    const watch = watching();
    upTo(40, (target) => upTo(20, (port) => watch.probe({ target: host(target + 1), port: port + 1 })));
    expect(watch.reasons).toEqual(['tcp_scan', 'tcp_scan']);
    const byPort = watching();
    upTo(20, (port) => upTo(40, (target) => byPort.probe({ target: host(target + 1), port: port + 1 })));
    expect(byPort.reasons).toEqual(['tcp_sweep', 'tcp_sweep']);
  });

  test('a scan, and then a sweep of the same source, are two', () => {
    const watch = watching();
    upTo(100, (index) => watch.probe({ port: index + 1 }));
    upTo(60, (index) => watch.probe({ target: host(index + 1), port: 3389 }));
    expect(watch.reasons).toEqual(['tcp_scan', 'tcp_sweep']);
  });

  test('the same again an hour later is told again', () => {
    const watch = watching();
    upTo(2, () => {
      upTo(20, (index) => watch.probe({ port: index + 1 }));
      watch.wait(3_600_000);
    });
    expect(watch.reasons).toEqual(['tcp_scan', 'tcp_scan']);
  });

  test('slow: one port in three minutes, for hours', () => {
    const watch = watching();
    upTo(130, (index) => {
      watch.probe({ port: index + 1 });
      watch.wait(180_000);
    });
    expect(watch.reasons).toEqual(['slow_scan']);
    expect(watch.told[0]).toMatch(
      /^Slow scan from 198\.51\.100\.7: about \d+ ports and hosts tried in vain within \d\.\d hours$/,
    );
    const count = Number(watch.findings[0]?.attributes[ATTR.scanProbeCount]);
    expect(count).toBeGreaterThanOrEqual(100);
    expect(count).toBeLessThan(115);
  });

  test('a fast scan that goes on slowly is not told as a slow one, too', () => {
    const watch = watching();
    upTo(20, (index) => watch.probe({ port: index + 1 }));
    upTo(100, (index) => {
      watch.wait(100_000);
      watch.probe({ port: 1_000 + index });
    });
    expect(watch.reasons).toEqual(['tcp_scan']);
  });

  test('distributed: thirty sources that share out the ports of one host', () => {
    const watch = watching();
    upTo(300, (index) => watch.probe({ source: `203.0.113.${(index % 30) + 1}`, port: index + 1 }));
    expect(watch.reasons).toEqual(['distributed_scan']);
    expect(watch.findings[0]?.attributes).toMatchObject({
      'telegen.scan.shape': 'distributed',
      'telegen.scan.source_count': expect.any(Number),
      'telegen.scan.targets': ['192.0.2.10'],
    });
  });

  test('of IPv6', () => {
    const watch = watching();
    upTo(20, (index) => watch.probe({ source: '2001:db8::7', target: '2001:db8:1::10', port: index + 1 }));
    expect(watch.told).toEqual(['TCP port scan from 2001:db8::7: 15 ports of 2001:db8:1::10 tried in vain']);
  });
});

describe('out of this host, by program', () => {
  test('connects to many ports name the program, once', () => {
    const watch = watching();
    upTo(200, (index) => watch.connect({ to: ['203.0.113.9', index + 1] }));
    expect(watch.findings).toHaveLength(1);
    expect(watch.findings[0]).toMatchObject({
      body: 'TCP port scan by /tmp/shell: 25 ports of 203.0.113.9 tried in vain',
      severity: 'ERROR',
      reason: 'connect_scan',
      attributes: { 'telegen.scan.technique': 'connect' },
    });
  });

  test('a script that begins a process for each connect is one program', () => {
    const watch = watching();
    const base = connection();
    upTo(60, (index) =>
      watch.connect({
        to: ['203.0.113.9', index + 1],
        owner: { ...base.owner!, pid: 1_000 + index, startNs: index },
        process: { ...base.process!, pid: 1_000 + index, key: `${1_000 + index}:${index}` },
      }),
    );
    expect(watch.reasons).toEqual(['connect_scan']);
  });

  test('a sweep, unless most of it succeeds', () => {
    const sweep = (succeeding: number): Watch => {
      const watch = watching();
      upTo(200, (index) => {
        watch.connect({ to: [host(index + 1), 443], reason: 'timeout', stats: UNANSWERED });
        upTo(succeeding, () => watch.connect({ to: [host(index + 1), 443], phase: 'established' }));
      });
      return watch;
    };
    expect(sweep(0).told).toEqual(['TCP sweep by /tmp/shell: 50 hosts tried in vain on port 443']);
    expect(sweep(1).told).toEqual([]);
  });

  test('a reconnect storm is a finding of its own, told once', () => {
    const watch = watching();
    upTo(300, () => {
      watch.connect();
      watch.wait(100);
    });
    expect(watch.findings).toHaveLength(1);
    expect(watch.findings[0]).toMatchObject({
      eventType: 'reconnect_storm',
      severity: 'INFO',
      body: 'Reconnect storm by /tmp/shell: 75 vain attempts at 203.0.113.9 port 80 within 60 s',
    });
  });

  test('a program that may', () => {
    const watch = watching({ ignoreProcesses: ['/tmp/*'] });
    upTo(300, (index) => watch.connect({ to: ['203.0.113.9', index + 1] }));
    upTo(300, () => watch.connect());
    expect(watch.told).toEqual([]);
  });
});

describe('silence', () => {
  const capture = {
    owner: undefined,
    process: undefined,
    workload: undefined,
    attribution: 'unknown',
  } as const;
  const benign: readonly [string, (watch: Watch) => void][] = [
    ['14 ports', (watch) => upTo(14, (port) => watch.probe({ port: port + 1 }))],
    ['open ports', (watch) => upTo(500, (port) => watch.probe({ port: port + 1, answer: 'open' }))],
    ['one port, again and again', (watch) => upTo(5_000, () => watch.probe())],
    [
      'one port each of ten thousand sources',
      (watch) => upTo(10_000, (index) => watch.probe({ source: host(index + 1) })),
    ],
    [
      'a flood of forged sources to all ports',
      (watch) =>
        upTo(20_000, (index) =>
          watch.probe({ source: host(index * 7 + 1), port: (index * 31) % 60_000, answer: 'none' }),
        ),
    ],
    [
      'five echo requests',
      (watch) => upTo(5, (index) => watch.probe({ probe: 'icmp_echo', port: 0, target: host(index + 1) })),
    ],
    [
      'DHCP, NTP, SSDP and mDNS to many',
      (watch) =>
        upTo(200, (index) =>
          upTo(4, (which) =>
            watch.probe({
              probe: 'udp',
              answer: 'none',
              target: host(index + 1),
              port: [67, 123, 1900, 5353][which] ?? 0,
            }),
          ),
        ),
    ],
    [
      'traceroute',
      (watch) => upTo(90, (hop) => watch.probe({ probe: 'udp', answer: 'none', port: 33_434 + hop })),
    ],
    [
      'multicast',
      (watch) =>
        upTo(90, (group) =>
          watch.probe({ probe: 'udp', answer: 'none', target: `239.1.1.${group}`, port: 5_000 }),
        ),
    ],
    [
      'a readiness probe of something that is not ready, every second for an hour',
      (watch) =>
        upTo(3_600, () => {
          watch.connect({ to: ['10.0.0.5', 8_080], ...capture });
          watch.wait(1_000);
        }),
    ],
    [
      'backscatter: answers to a forged sender, of many hosts',
      (watch) =>
        upTo(500, (index) =>
          watch.connect({
            to: [host(index + 1), 80],
            reason: 'timeout',
            stats: { ...REFUSED, segmentsSent: 0 },
            ...capture,
          }),
        ),
    ],
    [
      'a load balancer that looks after 40 dead backends of 400',
      (watch) =>
        upTo(100, () => {
          upTo(400, (index) =>
            watch.connect({ to: [host(index + 1), 80], phase: index % 10 === 0 ? 'failed' : 'established' }),
          );
          watch.wait(10_000);
        }),
    ],
    [
      'a browser that races two addresses of each host',
      (watch) =>
        upTo(300, (index) => {
          watch.connect({ to: [host(index + 1), 443], phase: 'established' });
          watch.connect({ to: [host(index + 60_000), 443], reason: 'aborted', stats: UNANSWERED });
        }),
    ],
    [
      'a sender of mail that does not reach all of its hosts, for a day',
      (watch) =>
        upTo(2_000, (index) => {
          watch.connect({ to: [host(index + 1), 25], phase: index % 4 === 0 ? 'failed' : 'established' });
          watch.wait(43_000);
        }),
    ],
  ];
  test.each(benign)('%s', (_, act) => {
    const watch = watching();
    act(watch);
    expect(watch.told).toEqual([]);
  });

  test('sources that may', () => {
    const watch = watching({ ignoreSources: ['198.51.100.0/24'] });
    upTo(100, (port) => watch.probe({ port: port + 1 }));
    expect(watch.told).toEqual([]);
  });
});

describe('bounds', () => {
  test('at the cap new sources are refused and counted; those that are followed stay', () => {
    const watch = watching({ maxTracked: 100 });
    upTo(200, (source) => upTo(2, (port) => watch.probe({ source: host(source + 1), port: port + 1 })));
    expect(watch.detector.counters).toMatchObject({ sources: 100 });
    upTo(20, (port) => watch.probe({ source: host(1), port: port + 1 }));
    expect(watch.reasons).toEqual(['tcp_scan']);
    upTo(20, (port) => watch.probe({ source: host(150), port: port + 1 }));
    expect(watch.reasons).toEqual(['tcp_scan']);
  });

  test('those that have gone make room', () => {
    const watch = watching({ maxTracked: 100 });
    upTo(200, (source) => upTo(2, (port) => watch.probe({ source: host(source + 1), port: port + 1 })));
    watch.wait(400_000);
    upTo(20, (port) => watch.probe({ source: host(150), port: port + 1 }));
    expect(watch.reasons).toEqual(['tcp_scan']);
  });

  test('a scanner is seen through a flood of forged sources', () => {
    const watch = watching();
    upTo(60, (index) => {
      upTo(1_000, (source) =>
        watch.probe({ source: host(index * 1_000 + source + 1), port: 80, answer: 'none' }),
      );
      watch.probe({ source: '203.0.113.77', port: index + 1 });
    });
    expect(watch.told).toEqual(['TCP port scan from 203.0.113.77: 15 ports of 192.0.2.10 tried in vain']);
    expect(watch.detector.counters).toMatchObject({ sources: 0 });
  });

  test('whatever comes: no throw, and every finding is bounded', () => {
    const kinds: readonly ProbeKind[] = ['syn', 'null', 'fin', 'xmas', 'udp', 'icmp_echo'];
    const attempt = fc.record({
      source: fc.integer({ min: 1, max: 40 }),
      target: fc.integer({ min: 1, max: 90 }),
      port: fc.integer({ min: 0, max: 65_535 }),
      probe: fc.constantFrom(...kinds),
      answer: fc.constantFrom('rst' as const, 'none' as const, 'open' as const),
      waitMs: fc.integer({ min: -5_000, max: 60_000 }),
    });
    fc.assert(
      fc.property(fc.array(attempt, { minLength: 1, maxLength: 400 }), (attempts) => {
        const watch = watching({
          inboundPorts: 3,
          inboundHosts: 3,
          stealthProbes: 2,
          slowTargets: 20,
          maxTracked: 10,
        });
        for (const { source, target, waitMs, ...rest } of attempts) {
          watch.wait(waitMs);
          watch.probe({ ...rest, source: host(source), target: host(1_000 + target) });
        }
        for (const { attributes } of watch.findings)
          for (const value of Object.values(attributes))
            if (typeof value === 'object') expect(value.length).toBeLessThanOrEqual(32);
      }),
      { numRuns: 60 },
    );
  });
});
