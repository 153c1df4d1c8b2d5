import type { Side } from '../../src/model/conversation.ts';
import type { ServiceProtocol } from '../../src/model/service-protocol.ts';

export interface FirstBytes {
  readonly name: string;
  readonly side: Side;
  readonly hex: string;
  readonly protocol: ServiceProtocol | undefined;
}

const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const client = (name: string, hex: string, protocol?: ServiceProtocol): FirstBytes => ({
  name,
  side: 'client',
  hex,
  protocol,
});
const server = (name: string, hex: string, protocol?: ServiceProtocol): FirstBytes => ({
  name,
  side: 'server',
  hex,
  protocol,
});

/** First bytes as the protocols' documents have them, and some that only look alike. */
export const FIRST_BYTES: readonly FirstBytes[] = [
  client(
    'PostgreSQL: StartupMessage',
    `00000029 00030000 ${ascii('user\0postgres\0database\0shop\0\0')}`,
    'postgresql',
  ),
  client('PostgreSQL: SSLRequest', '00000008 04d2162f', 'postgresql'),
  client('PostgreSQL: GSSENCRequest', '00000008 04d21630', 'postgresql'),
  client('the size of a startup that cannot be', '7fffffff 00030000'),
  client('Redis: one string', ascii('*1\r\n$4\r\nPING\r\n'), 'redis'),
  client('Redis: eleven strings', ascii('*11\r\n$4\r\nMSET\r\n'), 'redis'),
  client('a list in a text', ascii('* 1\r\n* 2\r\n')),
  client('memcached: get', ascii('get session:7\r\n'), 'memcached'),
  client('memcached: set', ascii('set k 0 0 1\r\n1\r\n'), 'memcached'),
  client('a word that begins alike', ascii('getaway now\r\n')),
  client('MongoDB: OP_MSG', '3d010000 01000000 00000000 dd070000 00000000', 'mongodb'),
  client('MongoDB: OP_QUERY', '3d010000 01000000 00000000 d4070000 04000000', 'mongodb'),
  client('an answer of MongoDB', '3d010000 01000000 07000000 dd070000 00000000'),
  client('Kafka: ApiVersions', `00000023 0012 0003 00000001 0008 ${ascii('producer')}`, 'kafka'),
  client('Kafka: Metadata without a name', '0000001a 0003 0009 00000002 ffff 00000000', 'kafka'),
  client('Kafka: a version that there is not', '00000023 0012 0063 00000001 0008'),
  client('AMQP 0-9-1', `${ascii('AMQP')} 00000901`, 'amqp'),
  client('AMQP 1.0', `${ascii('AMQP')} 00010000`, 'amqp'),
  client('MQTT: CONNECT', `10 12 0004 ${ascii('MQTT')} 04 02 003c 0006`, 'mqtt'),
  client('MQTT: a long CONNECT', `10 9201 0004 ${ascii('MQTT')} 05 02 003c`, 'mqtt'),
  client('Cassandra: OPTIONS', '04 00 0000 05 00000000', 'cassandra'),
  client('Cassandra: STARTUP', '05 00 0001 01 00000016 0001', 'cassandra'),
  client('MSSQL: PRELOGIN', '12 01 002f 0000 01 00 00001a00', 'mssql'),
  client('a request of HTTP', ascii('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')),
  client('a ClientHello', '16 03 01 0200 01 0001fc 0303'),
  client('SSH', ascii('SSH-2.0-OpenSSH_9.2\r\n'), 'ssh'),
  client('SSH: an old one', ascii('SSH-1.99-Cisco-1.25\n'), 'ssh'),
  client('a line about SSH', ascii('SSH-key accepted\n')),
  client('SMB 1: negotiate', `00000085 ff ${ascii('SMB')} 72 00000000`, 'smb'),
  client('SMB 2: negotiate', `000000b8 fe ${ascii('SMB')} 4000 0000`, 'smb'),
  client('SMB: an unknown version', `000000b8 41 ${ascii('SMB')} 4000 0000`),
  client('RDP: a connection request', `0300 002b 26 e0 0000 0000 00 ${ascii('Cookie: mst')}`, 'rdp'),
  client('RDP: without a cookie', '0300 0013 0e e0 0000 0000 00 01 00 0800 03000000', 'rdp'),
  client('TPKT around something else', '0300 0013 0e f0 0000 0000 00 01 00 0800 03000000'),
  client('BitTorrent', `13 ${ascii('BitTorrent protocol')} 00000000`, 'bittorrent'),
  client('what begins like BitTorrent', `13 ${ascii('BitTorrents are nice')}`),
  client('zeros', '00'.repeat(24)),
  client('nothing', ''),
  client('a protocol of its own', ascii('\x01\x02hello, is it me\n')),
  client('too little to tell', ascii('hello\n')),
  client('PROXY protocol, version 1', ascii('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n')),
  client('PROXY protocol, version 2', '0d0a0d0a000d0a515549540a 21 11 000c 01020304 05060708 0001 0002'),
  client('the preface of HTTP/2', ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  server('SSH: its server', ascii('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'), 'ssh'),
  server('MySQL: greeting', `4a 00 00 00 0a ${ascii('8.0.36')} 00 08000000`, 'mysql'),
  server('MySQL: an error', `1a 00 00 00 ff 1004 ${ascii('Too many')}`),
  server('NATS: INFO', ascii('INFO {"server_id":"N"}\r\n'), 'nats'),
  server('a banner of SMTP', ascii('220 mail.example.com ESMTP\r\n')),
];
