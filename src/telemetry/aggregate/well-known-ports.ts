import type { ServiceProtocol } from '../../model/service-protocol.ts';
import type { NodeType } from './identity.ts';

export interface WellKnown {
  readonly protocol: string;
  /** Absent: it says nothing of what the server is. */
  readonly type?: Extract<NodeType, 'database' | 'cache' | 'queue' | 'dns'>;
}

const database = (protocol: string): WellKnown => ({ protocol, type: 'database' });
const cache = (protocol: string): WellKnown => ({ protocol, type: 'cache' });
const queue = (protocol: string): WellKnown => ({ protocol, type: 'queue' });

/** Stores, caches and brokers by the port that they are registered for or usually found on. */
const PORTS: ReadonlyMap<number, WellKnown> = byPort({
  53: { protocol: 'dns', type: 'dns' },
  1433: database('mssql'),
  1521: database('oracle'),
  1883: queue('mqtt'),
  3306: database('mysql'),
  4222: queue('nats'),
  5432: database('postgresql'),
  5671: queue('amqp'),
  5672: queue('amqp'),
  6379: cache('redis'),
  6432: database('postgresql'),
  8883: queue('mqtt'),
  9042: database('cassandra'),
  9092: queue('kafka'),
  9093: queue('kafka'),
  9200: database('elasticsearch'),
  11211: cache('memcached'),
  27017: database('mongodb'),
  61616: queue('activemq'),
});

/** A map, as it is asked for every event, and mostly in vain: an object takes three times as long for that. */
function byPort(ports: Readonly<Record<number, WellKnown>>): ReadonlyMap<number, WellKnown> {
  return new Map(Object.entries(ports).map(([port, known]) => [Number(port), known]));
}

const TYPES: Readonly<Partial<Record<ServiceProtocol, 'database' | 'cache' | 'queue'>>> = {
  postgresql: 'database',
  mysql: 'database',
  mongodb: 'database',
  cassandra: 'database',
  mssql: 'database',
  redis: 'cache',
  memcached: 'cache',
  kafka: 'queue',
  amqp: 'queue',
  mqtt: 'queue',
  nats: 'queue',
};

/** What a protocol that first bytes told is spoken to. */
export function wellKnownProtocol(protocol: ServiceProtocol): WellKnown {
  const type = TYPES[protocol];
  return type === undefined ? { protocol } : { protocol, type };
}

/** What usually listens on the port; undefined for all others. */
export function wellKnown(port: number): WellKnown | undefined {
  return PORTS.get(port);
}
