import type { Detector, JudgedEvent } from '../model/detector.ts';
import type { ServiceProtocol } from '../model/service-protocol.ts';
import { createExceptions, type ProtocolExceptions } from './protocol-exceptions.ts';

export interface UnexpectedProtocolOptions {
  readonly unexpectedProtocols: {
    readonly enabled: boolean;
    /** Ports of servers at which each is ordinary. */
    readonly httpPorts: readonly number[];
    readonly tlsPorts: readonly number[];
    readonly dnsPorts: readonly number[];
    /** `protocol:port`, beside the ports that a protocol is registered for. */
    readonly otherPorts: readonly string[];
    readonly allow: ProtocolExceptions;
  };
}

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
const DECODED: Readonly<Partial<Record<JudgedEvent['kind'], string>>> = {
  http: 'HTTP',
  grpc: 'HTTP',
  tls: 'TLS',
  dns: 'DNS',
};

/** What first bytes tell: how it is called, and the ports that it is registered for or usually found on. */
const SNIFFED: Readonly<Record<ServiceProtocol, readonly [name: string, ...ports: number[]]>> = {
  postgresql: ['PostgreSQL', 5432, 5433, 6432],
  mysql: ['MySQL', 3306, 33_060],
  redis: ['Redis', 6379, 6380, 26_379],
  memcached: ['memcached', 11_211],
  mongodb: ['MongoDB', 27_017, 27_018, 27_019],
  kafka: ['Kafka', 9092, 9093, 9094],
  amqp: ['AMQP', 5671, 5672],
  mqtt: ['MQTT', 1883, 8883],
  nats: ['NATS', 4222],
  cassandra: ['Cassandra', 9042],
  mssql: ['MSSQL', 1433],
  ssh: ['SSH', 22],
  smb: ['SMB', 139, 445],
  rdp: ['RDP', 3389],
  bittorrent: ['BitTorrent', ...Array.from({ length: 9 }, (_, n) => 6881 + n)],
};

/** Protocols, known by what is said, at a server's port where they are not expected. */
export function unexpectedProtocol({ unexpectedProtocols: settings }: UnexpectedProtocolOptions): Detector {
  const name = 'unexpected-protocol';
  const expected = new Map<string, ReadonlySet<number>>([
    ['HTTP', new Set(settings.httpPorts)],
    ['TLS', new Set(settings.tlsPorts)],
    ['DNS', new Set(settings.dnsPorts)],
  ]);
  for (const [protocol, [spoken, ...ports]] of Object.entries(SNIFFED)) {
    const own = settings.otherPorts.filter((each) => each.startsWith(`${protocol}:`));
    expected.set(spoken, new Set([...ports, ...own.map((each) => Number(each.split(':')[1]))]));
  }
  const isExcepted = createExceptions(settings.allow);
  return {
    name,
    asks: ['http', 'grpc', 'tls', 'dns'],
    // First bytes are told when a connection ends.
    phases: ['closed'],
    inspect(event) {
      const spoken = spokenIn(event);
      if (spoken === undefined || event.role === 'unknown') return undefined;
      const { port } = event.role === 'client' ? event.remote : event.local;
      if (expected.get(spoken)?.has(port) === true || isExcepted(event, port)) return undefined;
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

function spokenIn(event: JudgedEvent): string | undefined {
  if (event.kind !== 'connection') return DECODED[event.kind];
  if (event.phase !== 'closed' || event.spoken === undefined) return undefined;
  return SNIFFED[event.spoken][0];
}
