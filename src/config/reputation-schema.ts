import * as leaf from './leaf.ts';

const address = leaf.shaped({
  regex: /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/,
  max: 300,
  expects: 'host:port, such as redis.example.com:6379',
});

/** `agent.network.security.reputation`. */
export const reputationSchema = leaf.section('Reputation that agents share through Redis', {
  redis: leaf.section('The Redis that all agents share; without addresses nothing is shared', {
    mode: leaf.choice(['standalone', 'sentinel', 'cluster'], 'standalone', {
      active: true,
      description: 'What `addresses` are: the server, its sentinels, or nodes of a cluster.',
    }),
    addresses: leaf.list(address, [], {
      active: true,
      of: 'addresses (host:port)',
      description: 'Where to connect. Empty: reputation is neither shared nor used.',
    }),
    master_name: leaf.words('mymaster', {
      active: true,
      description: 'Name by which the sentinels know the master.',
    }),
    username: leaf.words('default', { active: true, description: 'ACL user.' }),
    password_file: leaf.optionalPath({ active: true, description: 'File that holds the password.' }),
    sentinel_password_file: leaf.optionalPath({
      active: true,
      description: 'File that holds the password of the sentinels.',
    }),
    database: leaf.whole(
      { min: 0, max: 65_535, default: 0 },
      { active: true, description: 'Number of the database; clusters have only 0.' },
    ),
    tls: leaf.flag(false, { active: true, description: 'Connect over TLS.' }),
    ca_file: leaf.optionalPath({
      active: true,
      description: 'PEM certificates to trust instead of the system roots.',
    }),
    timeout: leaf.duration(
      { min: '10ms', max: '5s', default: '200ms' },
      { active: true, description: 'Time limit of each command. Nothing else ever waits for Redis.' },
    ),
    prefix: leaf.words('telegen', { active: true, description: 'Keys begin with this, in braces.' }),
  }),
  threshold: leaf.whole(
    { min: 1, max: 100, default: 50 },
    { active: true, description: 'A peer or name of at least this score is an alert.' },
  ),
  half_life: leaf.duration(
    { min: '1m', max: '8760h', default: '24h' },
    { active: true, description: 'The score of a sighting halves in this time.' },
  ),
  ttl: leaf.duration(
    { min: '1m', max: '8760h', default: '168h' },
    { active: true, description: 'A sighting is forgotten after this time.' },
  ),
  agent: leaf.optionalWords({
    active: true,
    description: 'Name of this agent in the fleet. Unset: the name of the host.',
  }),
});
