import type { Detector } from '../model/detector.ts';
import type { ClusterLookup, ReputationLookup, ScoreLookup } from '../model/lookup.ts';
import { blocklist } from './blocklist.ts';
import { type ExternalEgressOptions, externalEgress } from './external-egress.ts';
import type { PacketRateOptions } from './packet-rate/options.ts';
import { packetRate } from './packet-rate/packet-rate.ts';
import { reputation } from './reputation.ts';
import type { ScanOptions } from './scan/options.ts';
import { scan } from './scan/scan.ts';
import { type SuspiciousPortsOptions, suspiciousPorts } from './suspicious-ports.ts';
import { type UnexpectedProtocolOptions, unexpectedProtocol } from './unexpected-protocol.ts';

/** Settings of all detectors, as `agent.network.security` has them. */
export interface DetectorOptions
  extends SuspiciousPortsOptions,
    ExternalEgressOptions,
    UnexpectedProtocolOptions {
  readonly externalConnectionAlerts: boolean;
  /** Scores from here on are findings. */
  readonly reputationThreshold?: number;
  /** Absent: switched off. */
  readonly packetRate?: PacketRateOptions | undefined;
  readonly scan?: ScanOptions | undefined;
}

/** What detectors may ask of the rest of telegen. */
export interface DetectorPorts {
  /** Absent when no blocklists are configured. */
  readonly reputation?: ReputationLookup;
  /** Absent when nothing is shared. */
  readonly scores?: ScoreLookup;
  /** Absent outside Kubernetes. */
  readonly cluster?: Pick<ClusterLookup, 'isOwn'> | undefined;
}

type Factory = (options: DetectorOptions, ports: DetectorPorts) => Detector | undefined;

/** Every detector there is. A factory gives undefined where its detector is switched off. */
const REGISTRY: readonly Factory[] = [
  (_, { reputation }) => reputation && blocklist(reputation),
  ({ reputationThreshold: threshold }, { scores }) =>
    scores && threshold !== undefined ? reputation(scores, { threshold }) : undefined,
  (options) => (options.suspiciousPorts.length > 0 ? suspiciousPorts(options) : undefined),
  (options) => (options.unexpectedProtocols.enabled ? unexpectedProtocol(options) : undefined),
  (options, { cluster }) => (options.externalConnectionAlerts ? externalEgress(options, cluster) : undefined),
  ({ packetRate: options }) => options && packetRate(options),
  ({ scan: options, internalNetworks }) => options && scan(options, internalNetworks),
];

/** The detectors that the settings switch on. Throws TELEGEN_CONFIG for settings that a detector cannot read. */
export function createDetectors(options: DetectorOptions, ports: DetectorPorts): readonly Detector[] {
  return REGISTRY.flatMap((create) => create(options, ports) ?? []);
}
