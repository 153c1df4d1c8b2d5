import { describe, expect, test } from 'vitest';
import { errorsOf, loadText } from './helpers.ts';

const securityOf = (yaml: string) =>
  loadText(`agent: {network: {security: {${yaml}}}}`).config.network.security;

describe('packet_rate', () => {
  test('each key has its place', () => {
    const { packetRate } = securityOf(`packet_rate: {
      warm_up: 10s, start_after: 5s, end_after: 20s, update_interval: 2m, accept_after: 2h, half_life: 1h,
      ratio: 4.5, deviations: 8, floor: {packets: 1, syn: 2, udp: 3, icmp: 4, small: 5}
    }`);
    expect(packetRate).toEqual({
      warmUpMs: 10_000,
      startAfterMs: 5_000,
      endAfterMs: 20_000,
      updateIntervalMs: 120_000,
      acceptAfterMs: 7_200_000,
      halfLifeMs: 3_600_000,
      ratio: 4.5,
      deviations: 8,
      floors: { packets: 1, syn: 2, udp: 3, icmp: 4, small: 5 },
    });
  });

  test('it is on unless it is switched off', () => {
    expect(securityOf('').packetRate).toMatchObject({ warmUpMs: 30_000, ratio: 3 });
    expect(securityOf('packet_rate: {enabled: false}').packetRate).toBeUndefined();
  });

  test.each([
    ['ratio: 0.5', 'a number from 1 to 1000'],
    ['ratio: many', 'a number from 1 to 1000'],
    ['floor: {syn: 0}', 'a whole number from 1 to 1000000000'],
    ['warm_up: 1s', 'a duration from 2s to 24h'],
    ['flor: {}', 'floor'],
  ])('%s is refused', (yaml, expected) => {
    const [error, ...more] = errorsOf(`agent: {network: {security: {packet_rate: {${yaml}}}}}`);
    expect([error, more]).toEqual([expect.stringContaining(expected), []]);
  });
});

describe('scan', () => {
  test('each key has its place', () => {
    const { scan } = securityOf(`scan: {
      window: 1m, inbound_ports: 2, inbound_hosts: 3, outbound_ports: 4, outbound_hosts: 5, stealth_probes: 6,
      distributed_sources: 7, distributed_ports: 8, slow_window: 1h, slow_targets: 9, storm_attempts: 10,
      storm_window: 2s, max_tracked: 100, ignore_udp_ports: [53], ignore_sources: [192.0.2.1],
      ignore_processes: [/usr/bin/nmap]
    }`);
    expect(scan).toEqual({
      windowMs: 60_000,
      inboundPorts: 2,
      inboundHosts: 3,
      outboundPorts: 4,
      outboundHosts: 5,
      stealthProbes: 6,
      distributedSources: 7,
      distributedPorts: 8,
      slowWindowMs: 3_600_000,
      slowTargets: 9,
      stormAttempts: 10,
      stormWindowMs: 2_000,
      maxTracked: 100,
      ignoreUdpPorts: [53],
      ignoreSources: ['192.0.2.1'],
      ignoreProcesses: ['/usr/bin/nmap'],
    });
  });

  test('it is on unless it is switched off', () => {
    expect(securityOf('').scan).toMatchObject({ inboundPorts: 15, outboundPorts: 25, windowMs: 300_000 });
    expect(securityOf('scan: {enabled: false}').scan).toBeUndefined();
  });

  test.each([
    ['inbound_ports: 1', 'a whole number from 2 to 65535'],
    ['ignore_sources: [anybody]', 'anybody'],
    ['ignore_processes: [nmap]', 'an absolute executable path'],
  ])('%s is refused', (yaml, expected) => {
    const [error, ...more] = errorsOf(`agent: {network: {security: {scan: {${yaml}}}}}`);
    expect([error, more]).toEqual([expect.stringContaining(expected), []]);
  });
});
