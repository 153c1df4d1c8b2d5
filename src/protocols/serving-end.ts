import type { PayloadProtocol } from './payload-protocol.ts';

/** Which end of a packet serves. */
export type ServingEnd = 'source' | 'target';

const TLS_SERVER_HELLO = 2;
/** X.224 connection confirm. */
const RDP_CONFIRM = 0xd0;
const DNS_RESPONSE = 0x80;

/**
 * The end that serves, by what the beginning of its payload says: a request goes to the server, an answer comes from it.
 * Undefined where both ends begin alike (SSH, SMB, VNC, QUIC, BitTorrent).
 */
export function servingEnd(
  protocol: PayloadProtocol,
  transport: 'tcp' | 'udp',
  bytes: Uint8Array,
): ServingEnd | undefined {
  const from = (isAnswer: boolean): ServingEnd => (isAnswer ? 'source' : 'target');
  switch (protocol) {
    case 'http':
      // A request would be of the method HTTP/1.
      return from(bytes[0] === 72 && bytes[1] === 84 && bytes[4] === 47);
    case 'tls':
      return from(bytes[5] === TLS_SERVER_HELLO);
    case 'dns':
      // Over TCP behind its length.
      return from(((bytes[transport === 'udp' ? 2 : 4] ?? 0) & DNS_RESPONSE) !== 0);
    case 'rdp':
      return from(bytes[5] === RDP_CONFIRM);
    case 'mysql':
      return 'source';
    case 'http2':
    case 'redis':
    case 'postgresql':
    case 'smtp':
    case 'stratum':
      return 'target';
    default:
      return undefined;
  }
}
