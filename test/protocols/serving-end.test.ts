import { describe, expect, it } from 'vitest';
import type { PayloadProtocol } from '../../src/protocols/payload-protocol.ts';
import { servingEnd } from '../../src/protocols/serving-end.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('who serves', () => {
  it.each<[PayloadProtocol, 'tcp' | 'udp', string, 'source' | 'target' | undefined]>([
    ['http', 'tcp', 'GET / HTTP/1.1', 'target'],
    ['http', 'tcp', 'HEAD / HTTP/1.1', 'target'],
    ['http', 'tcp', 'HTTP/1.1 404 Not Found', 'source'],
    ['http2', 'tcp', 'PRI * HTTP/2.0', 'target'],
    ['tls', 'tcp', '\u0016\u0003\u0001\u0000\u0080\u0001', 'target'],
    ['tls', 'tcp', '\u0016\u0003\u0003\u0000\u0080\u0002', 'source'],
    ['dns', 'udp', '\u0012\u0034\u0001\u0000', 'target'],
    ['dns', 'udp', '\u0012\u0034\u0081\u0080', 'source'],
    ['dns', 'tcp', '\u0000\u0020\u0012\u0034\u0001\u0000', 'target'],
    ['dns', 'tcp', '\u0000\u0020\u0012\u0034\u0081\u0080', 'source'],
    ['rdp', 'tcp', '\u0003\u0000\u0000\u0013\u000e\u00e0', 'target'],
    ['rdp', 'tcp', '\u0003\u0000\u0000\u0013\u000e\u00d0', 'source'],
    ['mysql', 'tcp', 'J\u0000\u0000\u0000', 'source'],
    ['postgresql', 'tcp', '\u0000\u0000\u0000\u0008', 'target'],
    ['redis', 'tcp', '*1\r\n$4\r\nPING\r\n', 'target'],
    ['smtp', 'tcp', 'EHLO x', 'target'],
    ['ssh', 'tcp', 'SSH-2.0-x', undefined],
    ['quic', 'udp', '\u00c0', undefined],
    ['dns', 'udp', '', 'target'],
  ])('%s over %s: %j', (protocol, transport, payload, end) => {
    expect(servingEnd(protocol, transport, bytes(payload))).toBe(end);
  });
});
