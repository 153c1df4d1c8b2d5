import { describe, expect, test } from 'vitest';
import { bulk, datagrams, poisson, random, requests, synFlood, together, watching } from './windows.ts';

describe('floods', () => {
  test('SYN flood of twenty times the baseline, forged sources: one start within 3 s, one end within 15 s', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(30, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.002 } });
    watch.run(60, () => [requests(100)]);
    expect(watch.told).toEqual(['start syn_flood @61', 'end syn_flood @99']);
    const [start, end] = watch.findings;
    expect(start).toMatchObject({
      severity: 'WARNING',
      eventType: 'packet_rate_anomaly',
      body: 'SYN flood on eth0, tcp/80: 2100 SYN/s, 100 usual',
      attributes: {
        'telegen.rate.spread': 'spoofed',
        'telegen.rate.baseline': 100,
        'telegen.rate.half_open': 1,
        'network.transport': 'tcp',
        'net.host.port': 80,
      },
    });
    expect(end?.attributes).toMatchObject({
      'telegen.rate.ending': 'over',
      'telegen.rate.peak': 2_100,
      'telegen.duration_ms': 30_000,
      'telegen.rate.packets': 30 * (100 * 5 + 2_000),
    });
  });

  test('a flash crowd of complete handshakes is no flood', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(30, () => [requests(2_000)], { sources: { seen: 1_500, top: 0.01 } });
    watch.run(60, () => [requests(100)]);
    expect(watch.told).toEqual(['start flash_crowd @61', 'end flash_crowd @99']);
    expect(watch.findings[0]).toMatchObject({
      severity: 'INFO',
      attributes: { 'telegen.rate.spread': 'distributed' },
    });
  });

  test('a crowd that becomes a flood is told at once', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(20, () => [requests(2_000)], { sources: { seen: 1_500, top: 0.01 } });
    watch.run(20, () => together(requests(2_000), synFlood(20_000)), {
      sources: { seen: 20_000, top: 0.001 },
    });
    watch.run(30, () => [requests(100)]);
    expect(watch.told).toEqual(['start flash_crowd @61', 'update syn_flood @80', 'end syn_flood @109']);
  });

  test.each([
    ['udp_flood', datagrams('udp', 5_000, 9_999), 'udp', 9_999],
    ['icmp_flood', datagrams('icmp', 5_000, 0), 'icmp', undefined],
  ] as const)('%s of one source', (kind, flood, transport, port) => {
    const watch = watching();
    watch.run(60, () => [requests(20)]);
    watch.run(20, () => [requests(20), flood], { sources: { seen: 21, top: 0.97 } });
    watch.run(20, () => [requests(20)]);
    expect(watch.told).toEqual([`start ${kind} @61`, `end ${kind} @89`]);
    expect(watch.findings[0]?.attributes).toMatchObject({
      'telegen.rate.spread': 'single_source',
      'net.peer.ip': '198.51.100.1',
      'network.transport': transport,
      ...(port === undefined ? {} : { 'net.host.port': port }),
    });
  });

  test('answers that nobody asked for, from many hosts', () => {
    const watch = watching();
    watch.run(60, () => [requests(20)]);
    watch.run(20, () => [requests(20), datagrams('udp', 8_000, 0)], { sources: { seen: 900, top: 0.01 } });
    expect(watch.told).toEqual(['start udp_flood @61']);
  });

  test('over many ports at once: one alert, of the interface', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    const spread = (second: number) =>
      Array.from({ length: 500 }, (_, index) =>
        datagrams('udp', 10, 1_024 + ((second * 500 + index) % 60_000)),
      );
    watch.run(20, (second) => [requests(100), ...spread(second)], { sources: { seen: 3_000, top: 0.001 } });
    watch.run(20, () => [requests(100)]);
    expect(watch.told).toEqual(['start udp_flood @61', 'end udp_flood @89']);
    expect(watch.findings[0]?.attributes).not.toHaveProperty('net.host.port');
  });

  test('two services at once are two anomalies', () => {
    const watch = watching();
    watch.run(60, () => [requests(50), requests(50, 443)]);
    watch.run(
      10,
      () => [...together(requests(50), synFlood(2_000)), ...together(requests(50, 443), synFlood(900, 443))],
      {
        sources: { seen: 3_000, top: 0.001 },
      },
    );
    expect(watch.findings.map(({ attributes }) => attributes['net.host.port'])).toEqual([80, 443]);
  });

  test('out of this host, with the process that sends', () => {
    const watch = watching();
    const owner = { pid: 4711, parentPid: 1, uid: 0, startNs: 1, execId: 1, comm: 'flooder', cgroupId: 1 };
    const out = { direction: 'outbound' as const, destinations: { seen: 2, top: 0.98 } };
    watch.run(60, () => [requests(20, 443)], out);
    watch.run(10, () => [requests(20, 443), synFlood(5_000, 80)], {
      ...out,
      senders: [{ owner, packets: 5_000, bytes: 300_000 }],
    });
    expect(watch.told).toEqual(['start syn_flood @61']);
    expect(watch.findings[0]?.attributes).toMatchObject({
      'process.pid': 4711,
      'process.executable.name': 'flooder',
      'net.peer.ip': '198.51.100.1',
      'net.peer.port': 80,
    });
  });

  test('SYN to one port of many hosts, out of this host', () => {
    const watch = watching();
    const out = { direction: 'outbound' as const, sources: { seen: 1, top: 1 } };
    watch.run(60, () => [requests(20, 443)], out);
    watch.run(10, () => [requests(20, 443), synFlood(3_000, 22)], {
      ...out,
      destinations: { seen: 3_000, top: 0.001 },
    });
    expect(watch.told).toEqual(['start syn_sweep @61']);
  });
});

describe('the course of an anomaly', () => {
  test('a slow ramp over ten minutes is caught', () => {
    const watch = watching();
    watch.run(600, () => [requests(50)]);
    watch.run(600, (second) => together(requests(50), synFlood((second - 600) * 2)), {
      sources: { seen: 1_000, top: 0.01 },
    });
    watch.run(60, () => [requests(50)]);
    const [start, ...rest] = watch.findings;
    expect(start).toMatchObject({ reason: 'syn_flood' });
    expect(start?.second).toBeLessThan(720);
    expect(rest.filter(({ attributes }) => attributes['telegen.rate.phase'] === 'start')).toEqual([]);
    expect(rest.at(-1)?.attributes['telegen.rate.phase']).toBe('end');
  });

  test('updates come after 1, 2, 4 minutes', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(600, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.001 } });
    expect(watch.told).toEqual([
      'start syn_flood @61',
      'update syn_flood @121',
      'update syn_flood @241',
      'update syn_flood @481',
    ]);
  });

  test('a pulsing flood is one, its pauses shorter than end_after', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(
      58,
      (second) => (second % 10 < 5 ? together(requests(100), synFlood(3_000)) : [requests(100)]),
      {
        sources: { seen: 3_000, top: 0.001 },
      },
    );
    watch.run(20, () => [requests(100)]);
    expect(watch.told).toEqual(['start syn_flood @61', 'update syn_flood @121', 'end syn_flood @124']);
  });

  test('a flood does not become the baseline: the next one is told again', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    for (let wave = 0; wave < 5; wave++) {
      watch.run(120, () => together(requests(100), synFlood(2_000)), {
        sources: { seen: 2_000, top: 0.001 },
      });
      watch.run(60, () => [requests(100)]);
    }
    const starts = watch.findings.filter(({ attributes }) => attributes['telegen.rate.phase'] === 'start');
    expect(starts).toHaveLength(5);
    expect(Number(starts[4]?.attributes['telegen.rate.baseline'])).toBeLessThan(110);
  });

  test('what lasts longer than accept_after is usual from then on', () => {
    const watch = watching({ acceptAfterMs: 300_000 });
    watch.run(60, () => [requests(100)]);
    watch.run(900, () => [requests(2_000)], { sources: { seen: 1_500, top: 0.01 } });
    expect(watch.told.filter((each) => !each.startsWith('update'))).toEqual([
      'start flash_crowd @61',
      'end flash_crowd @359',
    ]);
    expect(watch.findings.at(-1)?.attributes['telegen.rate.ending']).toBe('accepted');
  });

  test('an interface that falls silent ends it by the clock', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(10, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.001 } });
    for (let second = 0; second < 15; second++) {
      watch.skip(1);
      watch.tick();
    }
    expect(watch.told).toEqual(['start syn_flood @61', 'end syn_flood @81']);
  });

  test('the end of a capture ends it, and says so', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    watch.run(10, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.001 } });
    watch.finish();
    watch.finish();
    expect(watch.told).toEqual(['start syn_flood @61', 'end syn_flood @70']);
    expect(watch.findings.at(-1)?.attributes['telegen.rate.ending']).toBe('unobserved');
  });

  test('every alert of an anomaly leaves: none is merged into another', () => {
    const watch = watching();
    watch.run(60, () => [requests(100)]);
    for (let wave = 0; wave < 3; wave++) {
      watch.run(70, () => together(requests(100), synFlood(2_000)), { sources: { seen: 2_000, top: 0.001 } });
      watch.run(20, () => [requests(100)]);
    }
    const keys = watch.findings.map(({ mergeAs }) => mergeAs);
    expect(keys).toHaveLength(9);
    expect(new Set(keys).size).toBe(9);
  });
});

/** A second of both directions: what comes from one far end, and what goes back to it. */
function talk(
  watch: ReturnType<typeof watching>,
  seconds: number,
  ports: readonly [inbound: number, outbound: number],
  back: number,
): void {
  const far = { seen: 2, top: 0.98 };
  for (let each = 0; each < seconds; each++) {
    watch.show([requests(20, 50_000), datagrams('udp', back, ports[1])], {
      direction: 'outbound',
      sources: { seen: 1, top: 1 },
      destinations: far,
    });
    watch.show([requests(20), datagrams('udp', 9_000, ports[0])], { sources: far });
    watch.skip(1);
  }
}

describe('QUIC and tunnels', () => {
  const minute = (watch: ReturnType<typeof watching>): void => {
    for (let each = 0; each < 60; each++) {
      watch.show([requests(20, 50_000)], { direction: 'outbound' });
      watch.show([requests(20)]);
      watch.skip(1);
    }
  };

  test('a download is answered', () => {
    const watch = watching();
    minute(watch);
    talk(watch, 30, [51_234, 443], 600);
    expect(watch.told).toEqual([]);
  });

  test('a flood to the same port is not', () => {
    const watch = watching();
    minute(watch);
    talk(watch, 30, [51_234, 443], 0);
    expect(watch.told).toEqual(['start udp_flood @61']);
    expect(watch.findings[0]?.attributes).toMatchObject({ 'net.host.port': 51_234 });
  });
});

describe('silence', () => {
  const calm: readonly [string, (watch: ReturnType<typeof watching>) => void][] = [
    ['one second of much', (watch) => watch.run(1, () => [requests(5_000)])],
    ['a download with few peers', (watch) => watch.run(60, () => [requests(50), bulk(60_000)])],
    [
      'an answer to a SYN flood, out of this host',
      (watch) =>
        watch.run(
          60,
          () => [{ protocol: 'tcp', port: 0, packets: 5_000, bytes: 300_000, small: 5_000, synAck: 5_000 }],
          { direction: 'outbound', destinations: { seen: 3_000, top: 0.001 } },
        ),
    ],
    [
      'a port scan of one source',
      (watch) =>
        watch.run(5, () => Array.from({ length: 800 }, (_, port) => synFlood(1, port + 1)), {
          sources: { seen: 21, top: 0.95 },
        }),
    ],
    ['less than the floor', (watch) => watch.run(60, () => [requests(50), datagrams('udp', 900, 7_777)])],
    ['an interface that falls silent', (watch) => watch.run(60, () => [])],
    ['nothing for a week', (watch) => watch.skip(7 * 86_400)],
  ];
  test.each(calm)('%s', (_, act) => {
    const watch = watching();
    watch.run(120, () => [requests(50)]);
    act(watch);
    watch.run(60, () => [requests(50)]);
    watch.finish();
    expect(watch.told).toEqual([]);
  });

  test('an answer to a ping flood is the other side of it', () => {
    const watch = watching();
    const both = (seconds: number, perSecond: number) => {
      for (let each = 0; each < seconds; each++) {
        watch.show([requests(50), datagrams('icmp', perSecond, 0)], { sources: { seen: 21, top: 0.97 } });
        watch.show([requests(50, 0), datagrams('icmp', perSecond, 0)], { direction: 'outbound' });
        watch.skip(1);
      }
    };
    both(60, 1);
    both(10, 4_000);
    expect(watch.told).toEqual(['start icmp_flood @61']);
    expect(watch.findings[0]?.attributes['net.peer.ip']).toBe('198.51.100.1');
  });

  test('nothing alerts before the warm-up is over', () => {
    const watch = watching({ warmUpMs: 60_000 });
    watch.run(20, () => [requests(20)]);
    watch.run(30, () => together(requests(20), synFlood(5_000)), { sources: { seen: 5_000, top: 0.001 } });
    expect(watch.told).toEqual([]);
  });

  test('a day and night at full speed, and the steepest hour of a morning', () => {
    const watch = watching();
    const next = random(1);
    for (let day = 0; day < 3; day++)
      watch.run(86_400, (second) => {
        const swing = 1 - Math.cos((2 * Math.PI * second) / 86_400);
        return [
          requests(poisson(40 + 400 * swing, next)),
          datagrams('udp', poisson(100 + 900 * swing, next), 53),
        ];
      });
    watch.run(3_600, (second) => [
      requests(poisson(40 + 400 * ((second % 86_400) / 3_600), next)),
      datagrams('udp', poisson(100, next), 53),
    ]);
    expect(watch.told).toEqual([]);
  });
});

test('24 hours of ordinary traffic: sessions in clusters, back-ups, software updates, pings', {
  timeout: 60_000,
}, () => {
  const watch = watching();
  const next = random(7);
  let burst = 0;
  watch.run(86_400, (second) => {
    const office = Math.max(0, Math.sin(((second / 3_600 - 8) / 10) * Math.PI));
    if (burst < 1 && next() < 0.02) burst = 5 + next() * 10;
    burst *= 0.8;
    const hasBackup = second % 21_600 < 900;
    return [
      requests(poisson(20 + 80 * office + 10 * burst, next), 443),
      requests(poisson(2, next), 8_080),
      datagrams('udp', poisson(30 + 40 * office, next), 53),
      datagrams('udp', second % 64 === 0 ? 4 : 0, 123),
      datagrams('icmp', poisson(3, next), 0),
      bulk(hasBackup ? 40_000 : poisson(300 + 3_000 * office * next(), next)),
    ];
  });
  watch.finish();
  expect(watch.told).toEqual([]);
});

describe('bounds', () => {
  test('further services and interfaces are refused and counted', () => {
    const watch = watching();
    watch.run(2, () => Array.from({ length: 1_100 }, (_, port) => datagrams('udp', 1, port + 1)));
    expect(watch.detector.counters).toEqual({ interfaces: 0, services: 152 });
    for (let each = 0; each < 300; each++) watch.show([requests(1)], { interface: `veth${each}` });
    expect(watch.detector.counters).toMatchObject({ interfaces: 45 });
  });

  test('services that are gone make room', () => {
    const watch = watching();
    watch.run(2, () => Array.from({ length: 1_024 }, (_, port) => datagrams('udp', 1, port + 1)));
    watch.skip(36_000);
    watch.run(2, () => Array.from({ length: 1_000 }, (_, port) => datagrams('udp', 1, port + 30_000)));
    expect(watch.detector.counters).toMatchObject({ services: 0 });
  });
});
