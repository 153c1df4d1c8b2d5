import { ATTR } from '../../model/attributes.ts';
import type { Attributes, AttributeValue, Finding } from '../../model/finding.ts';
import type { IpAddress } from '../../model/ip-address.ts';
import { formatIp } from '../../net/ip.ts';
import { type Attempt, actorText, type Technique } from './attempt.ts';
import type { DistributedScan } from './targets.ts';
import type { Crossing } from './trace.ts';

export const DETECTOR = 'scan';

const NAME: Readonly<Record<Technique, string>> = {
  tcp: 'TCP',
  connect: 'TCP',
  udp: 'UDP',
  null: 'NULL',
  fin: 'FIN',
  xmas: 'Xmas',
  icmp_echo: 'ICMP echo',
};

interface Told {
  readonly attempt: Attempt;
  readonly eventType: 'port_scan' | 'host_sweep' | 'reconnect_storm';
  readonly reason: string;
  readonly body: string;
  /** Tells it from other findings of the same actor. */
  readonly identity: string;
  readonly attributes: Attributes;
}

function finding({ attempt, eventType, reason, body, identity, attributes }: Told): Finding {
  const { event, direction, actor } = attempt;
  const isStorm = eventType === 'reconnect_storm';
  return {
    detector: DETECTOR,
    eventType,
    severity: isStorm ? 'INFO' : direction === 'outbound' ? 'ERROR' : 'WARNING',
    gravity: isStorm ? 20 : 65,
    body,
    reason,
    event,
    alone: true,
    subject: identity,
    mergeAs: `${DETECTOR} ${direction} ${actor}`,
    attributes,
  };
}

/** A scan that crossed a threshold. */
export function scanFinding(attempt: Attempt, crossing: Crossing): Finding {
  const { technique } = attempt;
  const { shape, count } = crossing;
  const isSweep = shape === 'horizontal';
  return finding({
    attempt,
    eventType: isSweep ? 'host_sweep' : 'port_scan',
    reason: `${technique}_${isSweep ? 'sweep' : 'scan'}`,
    body: `${what(attempt, crossing)} ${who(attempt)}: ${extent(attempt, crossing)}`,
    identity: `${technique} ${shape} ${count}`,
    attributes: evidence(attempt, {
      shape,
      hosts: isSweep ? count : undefined,
      ports: shape === 'vertical' ? count : undefined,
      probes: shape === 'stealth' ? count : undefined,
      portSample: crossing.ports,
      targets: crossing.targets,
    }),
  });
}

function who(attempt: Attempt): string {
  return `${attempt.direction === 'outbound' ? 'by' : 'from'} ${actorText(attempt)}`;
}

function what({ technique }: Attempt, { shape }: Crossing): string {
  return `${NAME[technique]} ${shape === 'horizontal' ? 'sweep' : shape === 'stealth' ? 'scan' : 'port scan'}`;
}

function extent({ target, port }: Attempt, { shape, count }: Crossing): string {
  if (shape === 'vertical') return `${count} ports of ${formatIp(target)} tried in vain`;
  if (shape === 'stealth') return `${count} probes with flags that no connection has`;
  return port === 0 ? `${count} hosts asked in vain` : `${count} hosts tried in vain on port ${port}`;
}

/** A scan of hours. */
export function slowFinding(attempt: Attempt, count: number, sinceMs: number): Finding {
  const hours = Math.max(0.1, (attempt.timeMs - sinceMs) / 3_600_000);
  return finding({
    attempt,
    eventType: 'port_scan',
    reason: 'slow_scan',
    body: `Slow scan ${who(attempt)}: about ${count} ports and hosts tried in vain within ${hours.toFixed(1)} hours`,
    identity: `slow ${count}`,
    attributes: evidence(attempt, { shape: 'slow', probes: count }),
  });
}

/** Many sources, one host. */
export function distributedFinding(attempt: Attempt, scan: DistributedScan): Finding {
  const { ports, sources } = scan;
  const told = finding({
    attempt,
    eventType: 'port_scan',
    reason: 'distributed_scan',
    body: `Distributed port scan: ${ports} ports of ${formatIp(attempt.target)} tried in vain by ${sources} sources`,
    identity: `distributed ${ports}`,
    attributes: {
      ...evidence(attempt, {
        shape: 'distributed',
        ports,
        portSample: scan.portSample,
        targets: [attempt.target],
      }),
      [ATTR.scanSources]: scan.sourceSample.map(formatIp),
      [ATTR.scanSourceCount]: sources,
    },
  });
  return { ...told, mergeAs: `${DETECTOR} distributed ${formatIp(attempt.target)}` };
}

/** Refused, and again. */
export function stormFinding(attempt: Attempt, attempts: number, windowMs: number): Finding {
  const place = `${formatIp(attempt.target)} port ${attempt.port}`;
  return finding({
    attempt,
    eventType: 'reconnect_storm',
    reason: 'reconnect_storm',
    body: `Reconnect storm ${who(attempt)}: ${attempts} vain attempts at ${place} within ${windowMs / 1000} s`,
    identity: `storm ${place}`,
    attributes: { [ATTR.count]: attempts },
  });
}

interface Evidence {
  readonly shape: string;
  readonly ports?: number | undefined;
  readonly hosts?: number | undefined;
  readonly probes?: number | undefined;
  readonly portSample?: readonly number[];
  readonly targets?: readonly IpAddress[];
}

function evidence(
  { technique }: Attempt,
  { shape, ports, hosts, probes, portSample = [], targets = [] }: Evidence,
): Attributes {
  const draft: Record<string, AttributeValue> = { [ATTR.scanShape]: shape, [ATTR.scanTechnique]: technique };
  if (ports !== undefined) draft[ATTR.scanPortCount] = ports;
  if (hosts !== undefined) draft[ATTR.scanHostCount] = hosts;
  if (probes !== undefined) draft[ATTR.scanProbeCount] = probes;
  if (portSample.length > 0) draft[ATTR.scanPorts] = portSample.map(String);
  if (targets.length > 0) draft[ATTR.scanTargets] = targets.map(formatIp);
  return draft;
}
