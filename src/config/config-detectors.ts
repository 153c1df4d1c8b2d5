import { parseDuration } from './duration.ts';
import type { FileConfig } from './schema.ts';

type SecurityFile = FileConfig['agent']['network']['security'];

const ms = (text: string): number => parseDuration(text) ?? 0;

/** Undefined when it is switched off. */
export function toPacketRate(rates: SecurityFile['packet_rate']) {
  if (!rates.enabled) return undefined;
  return {
    warmUpMs: ms(rates.warm_up),
    startAfterMs: ms(rates.start_after),
    endAfterMs: ms(rates.end_after),
    updateIntervalMs: ms(rates.update_interval),
    acceptAfterMs: ms(rates.accept_after),
    halfLifeMs: ms(rates.half_life),
    ratio: rates.ratio,
    deviations: rates.deviations,
    floors: rates.floor,
  };
}

/** Undefined when it is switched off. */
export function toScan(scan: SecurityFile['scan']) {
  if (!scan.enabled) return undefined;
  return {
    windowMs: ms(scan.window),
    inboundPorts: scan.inbound_ports,
    inboundHosts: scan.inbound_hosts,
    outboundPorts: scan.outbound_ports,
    outboundHosts: scan.outbound_hosts,
    stealthProbes: scan.stealth_probes,
    distributedSources: scan.distributed_sources,
    distributedPorts: scan.distributed_ports,
    slowWindowMs: ms(scan.slow_window),
    slowTargets: scan.slow_targets,
    stormAttempts: scan.storm_attempts,
    stormWindowMs: ms(scan.storm_window),
    maxTracked: scan.max_tracked,
    ignoreUdpPorts: scan.ignore_udp_ports,
    ignoreSources: scan.ignore_sources,
    ignoreProcesses: scan.ignore_processes,
  };
}
