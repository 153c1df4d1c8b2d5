import { expect, test } from 'vitest';
import type { ScanOptions } from '../../../src/detectors/scan/options.ts';
import { host, watching } from './attempts.ts';

type Watch = ReturnType<typeof watching>;
const upTo = (count: number, act: (index: number) => void): void => {
  for (let index = 0; index < count; index++) act(index);
};
const ports =
  (count: number, gapMs = 0) =>
  (watch: Watch) =>
    upTo(count, (port) => {
      watch.probe({ port: port + 1 });
      watch.wait(gapMs);
    });
const share = (sources: number, count: number) => (watch: Watch) =>
  upTo(count, (port) => watch.probe({ source: `203.0.113.${1 + (port % sources)}`, port: port + 1 }));

/** What is found with the defaults, and with one setting changed. */
const ROWS: readonly (readonly [
  string,
  Partial<ScanOptions>,
  (watch: Watch) => void,
  readonly string[],
  readonly string[],
])[] = [
  ['window', { windowMs: 60_000 }, ports(20, 10_000), ['tcp_scan'], []],
  ['inbound_ports', { inboundPorts: 100 }, ports(50), ['tcp_scan'], []],
  [
    'inbound_hosts',
    { inboundHosts: 100 },
    (watch) => upTo(50, (target) => watch.probe({ target: host(target + 1) })),
    ['tcp_sweep'],
    [],
  ],
  [
    'outbound_ports',
    { outboundPorts: 100 },
    (watch) => upTo(50, (port) => watch.connect({ to: ['203.0.113.9', port + 1] })),
    ['connect_scan'],
    [],
  ],
  [
    'outbound_hosts',
    { outboundHosts: 20 },
    (watch) => upTo(40, (target) => watch.connect({ to: [host(target + 1), 22] })),
    [],
    ['connect_sweep'],
  ],
  [
    'stealth_probes',
    { stealthProbes: 50 },
    (watch) => upTo(20, (port) => watch.probe({ port: port + 1, probe: 'fin' })),
    ['fin_scan'],
    [],
  ],
  ['distributed_sources', { distributedSources: 50 }, share(30, 300), ['distributed_scan'], []],
  ['distributed_ports', { distributedPorts: 400 }, share(30, 300), ['distributed_scan'], []],
  ['slow_window', { slowWindowMs: 600_000 }, ports(130, 120_000), ['slow_scan'], []],
  ['slow_targets', { slowTargets: 1_000 }, ports(130, 120_000), ['slow_scan'], []],
  [
    'storm_attempts',
    { stormAttempts: 500 },
    (watch) => upTo(200, () => watch.connect()),
    ['reconnect_storm'],
    [],
  ],
  [
    'storm_window',
    { stormWindowMs: 600_000 },
    (watch) =>
      upTo(100, () => {
        watch.connect();
        watch.wait(2_000);
      }),
    [],
    ['reconnect_storm'],
  ],
  [
    'max_tracked',
    { maxTracked: 10 },
    (watch) => {
      upTo(20, (source) => upTo(2, (port) => watch.probe({ source: host(source + 1), port: port + 1 })));
      ports(20)(watch);
    },
    ['tcp_scan'],
    [],
  ],
  [
    'ignore_udp_ports',
    { ignoreUdpPorts: [161] },
    (watch) => upTo(50, (target) => watch.probe({ probe: 'udp', port: 161, target: host(target + 1) })),
    ['udp_sweep'],
    [],
  ],
  ['ignore_sources', { ignoreSources: ['198.51.100.7'] }, ports(50), ['tcp_scan'], []],
  [
    'ignore_processes',
    { ignoreProcesses: ['/tmp/shell'] },
    (watch) => upTo(50, (port) => watch.connect({ to: ['203.0.113.9', port + 1] })),
    ['connect_scan'],
    [],
  ],
];

test.each(ROWS)('%s', (_, changed, act, byDefault, then) => {
  const found = (options: Partial<ScanOptions>): readonly string[] => {
    const watch = watching(options);
    act(watch);
    return watch.reasons;
  };
  expect(found({})).toEqual(byDefault);
  expect(found(changed)).toEqual(then);
});
