import type { Detector, JudgedEvent } from '../model/detector.ts';
import { compileGlob } from '../net/glob.ts';

export interface UnexpectedProtocolOptions {
  readonly unexpectedProtocols: {
    readonly enabled: boolean;
    /** Ports of servers at which each is ordinary. */
    readonly httpPorts: readonly number[];
    readonly tlsPorts: readonly number[];
    readonly dnsPorts: readonly number[];
    readonly allow: {
      /** Ports at which anything may be spoken. */
      readonly ports: readonly number[];
      /** Executable paths; `*` stands for any run of characters. */
      readonly processes: readonly string[];
    };
  };
}

type Spoken = 'HTTP' | 'TLS' | 'DNS';

/** Ports that stand for one protocol: another one there hides, or passes a firewall that goes by ports. */
const MEANT: Readonly<Record<number, string>> = {
  21: 'FTP',
  22: 'SSH',
  23: 'Telnet',
  25: 'SMTP',
  53: 'DNS',
  80: 'HTTP',
  123: 'NTP',
  443: 'TLS',
  445: 'SMB',
  853: 'TLS',
  3389: 'RDP',
};

/** gRPC is HTTP. */
const SPOKEN: Readonly<Partial<Record<JudgedEvent['kind'], Spoken>>> = {
  http: 'HTTP',
  grpc: 'HTTP',
  tls: 'TLS',
  dns: 'DNS',
};

/** HTTP, TLS and DNS, known by what is said, at a server's port where they are not expected. */
export function unexpectedProtocol({ unexpectedProtocols: settings }: UnexpectedProtocolOptions): Detector {
  const name = 'unexpected-protocol';
  const expected: Readonly<Record<Spoken, ReadonlySet<number>>> = {
    HTTP: new Set(settings.httpPorts),
    TLS: new Set(settings.tlsPorts),
    DNS: new Set(settings.dnsPorts),
  };
  const ports = new Set(settings.allow.ports);
  const programs = settings.allow.processes.map(compileGlob);
  const isAllowed = (event: JudgedEvent, port: number): boolean => {
    if (ports.has(port)) return true;
    const path = programs.length > 0 ? event.process?.executablePath : undefined;
    return path !== undefined && programs.some((fits) => fits(path));
  };
  return {
    name,
    asks: ['http', 'grpc', 'tls', 'dns'],
    inspect(event) {
      const spoken = SPOKEN[event.kind];
      if (spoken === undefined || event.role === 'unknown') return undefined;
      const { port } = event.role === 'client' ? event.remote : event.local;
      if (expected[spoken].has(port) || isAllowed(event, port)) return undefined;
      const meant = MEANT[port];
      const isMasked = meant !== undefined && meant !== spoken;
      return {
        detector: name,
        eventType: 'unexpected_protocol',
        severity: isMasked ? 'WARNING' : 'INFO',
        gravity: isMasked ? 55 : 15,
        body: isMasked
          ? `${spoken} on port ${port}, which is meant for ${meant}`
          : `${spoken} on unexpected port ${port}`,
        reason: 'unexpected_protocol',
        event,
        // One alert for a port, not one for each name that is asked for there.
        subject: `${spoken} ${port}`,
        attributes: {},
      };
    },
  };
}
