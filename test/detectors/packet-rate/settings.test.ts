import { expect, test } from 'vitest';
import type { PacketRateOptions } from '../../../src/detectors/packet-rate/options.ts';
import { datagrams, requests, synFlood, together, watching } from './windows.ts';

type Watch = ReturnType<typeof watching>;

const FORGED = { sources: { seen: 2_000, top: 0.001 } };
const flood = (watch: Watch, seconds = 10, perSecond = 2_000): void =>
  watch.run(seconds, () => together(requests(100), synFlood(perSecond)), FORGED);
const calm = (watch: Watch, seconds: number): void => watch.run(seconds, () => [requests(100)]);

/** What is told with the defaults, and with one setting changed. */
const ROWS: readonly (readonly [
  string,
  Partial<PacketRateOptions>,
  (watch: Watch) => void,
  readonly string[],
  readonly string[],
])[] = [
  [
    'warm_up',
    { warmUpMs: 120_000 },
    (watch) => {
      calm(watch, 60);
      flood(watch);
    },
    ['start syn_flood @61'],
    [],
  ],
  [
    'start_after',
    { startAfterMs: 5_000 },
    (watch) => {
      calm(watch, 60);
      flood(watch);
    },
    ['start syn_flood @61'],
    ['start syn_flood @64'],
  ],
  [
    'end_after',
    { endAfterMs: 30_000 },
    (watch) => {
      calm(watch, 60);
      flood(watch);
      calm(watch, 40);
    },
    ['start syn_flood @61', 'end syn_flood @79'],
    ['start syn_flood @61', 'end syn_flood @99'],
  ],
  [
    'update_interval',
    { updateIntervalMs: 20_000 },
    (watch) => {
      calm(watch, 60);
      flood(watch, 50);
    },
    ['start syn_flood @61'],
    ['start syn_flood @61', 'update syn_flood @81'],
  ],
  [
    'accept_after',
    { acceptAfterMs: 60_000 },
    (watch) => {
      calm(watch, 60);
      flood(watch, 65);
    },
    ['start syn_flood @61', 'update syn_flood @121'],
    ['start syn_flood @61', 'end syn_flood @119'],
  ],
  [
    'half_life: what was usual an hour ago is forgotten',
    { halfLifeMs: 60_000 },
    (watch) => {
      watch.run(3_600, () => [requests(1_000)]);
      calm(watch, 1_200);
      watch.run(10, () => together(requests(100), synFlood(900)), FORGED);
    },
    [],
    ['start syn_flood @4801'],
  ],
  [
    'ratio',
    { ratio: 30 },
    (watch) => {
      calm(watch, 60);
      flood(watch);
    },
    ['start syn_flood @61'],
    [],
  ],
  [
    'deviations: of a rate that comes in bursts',
    { deviations: 1 },
    (watch) => {
      watch.run(600, (second) => [requests(second % 2 === 0 ? 0 : 200)]);
      watch.run(10, () => together(requests(100), synFlood(400)), FORGED);
    },
    [],
    ['start syn_flood @601'],
  ],
  ...(['udp', 'icmp'] as const).map(
    (signal) =>
      [
        `floor.${signal}`,
        { floors: { packets: 1e9, syn: 1e9, udp: 1e9, icmp: 1e9, small: 1e9 } },
        (watch: Watch) => {
          calm(watch, 60);
          watch.run(5, () => [requests(100), datagrams(signal, 3_000, signal === 'udp' ? 9_999 : 0)]);
        },
        [`start ${signal}_flood @61`],
        [],
      ] as const,
  ),
  [
    'floor.syn',
    { floors: { packets: 1e9, syn: 5_000, udp: 1_000, icmp: 200, small: 1e9 } },
    (watch) => {
      calm(watch, 60);
      flood(watch);
    },
    ['start syn_flood @61'],
    [],
  ],
  [
    'floor.packets: a crowd',
    { floors: { packets: 20_000, syn: 100, udp: 1_000, icmp: 200, small: 1e9 } },
    (watch) => {
      calm(watch, 60);
      watch.run(5, () => [requests(2_000)], { sources: { seen: 1_500, top: 0.01 } });
    },
    ['start flash_crowd @61'],
    [],
  ],
];

test.each(ROWS)('%s', (_, changed, act, byDefault, then) => {
  const told = (options: Partial<PacketRateOptions>): readonly string[] => {
    const watch = watching(options);
    act(watch);
    return watch.told;
  };
  expect(told({})).toEqual(byDefault);
  expect(told(changed)).toEqual(then);
});

test.each([
  [2_000, ['start tcp_flood @61']],
  [5_000, []],
])('floor.small of %i: acknowledgements of forged sources to all ports', (small, told) => {
  const watch = watching({ floors: { packets: 1e9, syn: 1e9, udp: 1e9, icmp: 1e9, small } });
  calm(watch, 60);
  const acks = (second: number) =>
    Array.from({ length: 1_000 }, (_, index) => ({
      protocol: 'tcp' as const,
      port: 2_000 + ((second * 1_000 + index) % 60_000),
      packets: 3,
      bytes: 180,
      small: 3,
    }));
  watch.run(5, (second) => [requests(100), ...acks(second)], { sources: { seen: 2_500, top: 0.001 } });
  expect(watch.told).toEqual(told);
});
