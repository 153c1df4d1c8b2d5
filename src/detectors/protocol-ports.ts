import type { ServiceProtocol } from '../model/service-protocol.ts';

/** Ports that stand for one protocol: another one there hides, or passes a firewall that goes by ports. */
export const MEANT: Readonly<Record<number, string>> = {
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

/** What first bytes tell: how it is called, and the ports that it is registered for or usually found on. */
export const SNIFFED: Readonly<Record<ServiceProtocol, readonly [name: string, ...ports: number[]]>> = {
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

/** The same of what only the heads of packets tell. */
const IN_PACKETS: Readonly<Record<string, readonly [name: string, ...ports: number[]]>> = {
  vnc: ['VNC', ...Array.from({ length: 10 }, (_, n) => 5900 + n)],
  smtp: ['SMTP', 25, 465, 587, 2525],
  stratum: ['Stratum'],
};

/** How HTTP, TLS and DNS are called in samples; QUIC is expected where TLS is. */
const OF_LISTS: Readonly<Record<string, string>> = {
  http: 'HTTP',
  http2: 'HTTP',
  tls: 'TLS',
  dns: 'DNS',
  quic: 'QUIC',
};

/** What a protocol is called that the head of a packet told; undefined for one that has no ordinary port. */
export function sampledName(name: string): string | undefined {
  return OF_LISTS[name] ?? IN_PACKETS[name]?.[0] ?? SNIFFED[name as ServiceProtocol]?.[0];
}

export interface ExpectedPorts {
  readonly httpPorts: readonly number[];
  readonly tlsPorts: readonly number[];
  readonly dnsPorts: readonly number[];
  /** `protocol:port`, beside the ports that a protocol is registered for. */
  readonly otherPorts: readonly string[];
}

/** Ports of servers at which a protocol is ordinary, by its name. */
export function expectedPorts(settings: ExpectedPorts): ReadonlyMap<string, ReadonlySet<number>> {
  const expected = new Map<string, ReadonlySet<number>>([
    ['HTTP', new Set(settings.httpPorts)],
    ['TLS', new Set(settings.tlsPorts)],
    ['QUIC', new Set(settings.tlsPorts)],
    ['DNS', new Set(settings.dnsPorts)],
  ]);
  for (const [protocol, [name, ...ports]] of Object.entries({ ...SNIFFED, ...IN_PACKETS })) {
    const own = settings.otherPorts.filter((each) => each.startsWith(`${protocol}:`));
    expected.set(name, new Set([...ports, ...own.map((each) => Number(each.split(':')[1]))]));
  }
  return expected;
}
