/** Stores, caches and brokers that are recognised by their first bytes. */
export const SERVICE_PROTOCOLS = [
  'postgresql',
  'mysql',
  'redis',
  'memcached',
  'mongodb',
  'kafka',
  'amqp',
  'mqtt',
  'nats',
  'cassandra',
  'mssql',
] as const;

export type ServiceProtocol = (typeof SERVICE_PROTOCOLS)[number];
