import type { ScanOptions } from '../../../src/detectors/scan/options.ts';
import { scan } from '../../../src/detectors/scan/scan.ts';
import type { ConnectionEvent } from '../../../src/model/event.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { ProbeEvent } from '../../../src/model/packets.ts';
import { connection, ip, TIME_MS } from '../../alerts/fixtures.ts';
import { probe } from '../../support/packet-events.ts';

export const OPTIONS: ScanOptions = {
  windowMs: 300_000,
  inboundPorts: 15,
  inboundHosts: 25,
  outboundPorts: 25,
  outboundHosts: 50,
  stealthProbes: 5,
  distributedSources: 20,
  distributedPorts: 50,
  slowWindowMs: 21_600_000,
  slowTargets: 100,
  stormAttempts: 75,
  stormWindowMs: 60_000,
  maxTracked: 20_000,
  ignoreUdpPorts: [67, 68, 123, 1900, 5353],
  ignoreSources: [],
  ignoreProcesses: [],
};

/** Overrides with addresses as text. */
export interface ProbeInput extends Partial<Omit<ProbeEvent, 'source' | 'target' | 'timeMs'>> {
  readonly source?: string;
  readonly target?: string;
}
export interface ConnectInput extends Partial<Omit<ConnectionEvent, 'timeMs'>> {
  /** Address and port. */
  readonly to?: readonly [string, number];
}

const STATS = { bytesSent: 0, bytesReceived: 0, retransmits: 0, rttUs: 0, minRttUs: 0, durationMs: 1 };
export const REFUSED = { ...STATS, segmentsSent: 1, segmentsReceived: 1 };
export const UNANSWERED = { ...STATS, segmentsSent: 1, segmentsReceived: 0 };

/** A detector that is shown events on a clock of its own. */
export function watching(options: Partial<ScanOptions> = {}) {
  const detector = scan({ ...OPTIONS, ...options }, ['192.0.2.0/24']);
  const findings: Finding[] = [];
  let nowMs = TIME_MS;

  return {
    detector,
    findings,
    wait(ms: number): void {
      nowMs += ms;
    },
    probe({ source = '198.51.100.7', target = '192.0.2.10', ...rest }: ProbeInput = {}): void {
      const event = probe({ source: ip(source), target: ip(target), timeMs: nowMs, ...rest });
      findings.push(...(detector.inspectPackets?.(event) ?? []));
    },
    /** A connect of a program of this host that fails, unless told otherwise. */
    connect({ to: [address, port] = ['203.0.113.9', 80], ...rest }: ConnectInput = {}): void {
      const remote = { ip: ip(address), port };
      for (const phase of ['attempted', rest.phase ?? 'failed'] as const) {
        const found = detector.inspect(
          connection({ reason: 'refused', stats: REFUSED, ...rest, phase, remote, timeMs: nowMs }),
        );
        if (found !== undefined) findings.push(found);
      }
    },
    get told(): string[] {
      return findings.map(({ body }) => body);
    },
    get reasons(): string[] {
      return findings.map(({ reason }) => reason);
    },
  };
}

export const host = (number: number): string =>
  `10.${number >> 16}.${(number >> 8) & 255}.${(number & 255) % 254}`;
