/** Stores, caches, brokers and ways into other machines that are recognised by their first bytes. */
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
  'ssh',
  'smb',
  'rdp',
  'bittorrent',
] as const;

export type ServiceProtocol = (typeof SERVICE_PROTOCOLS)[number];
