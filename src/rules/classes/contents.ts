import { ATTR } from '../../model/attributes.ts';
import type { GrpcEvent, HttpEvent, TlsEvent } from '../../model/event.ts';
import { helloCarrier } from '../../net/content-attributes.ts';
import { conversationFields, few, field, quiet } from './conversation-fields.ts';
import type { EventClass, FieldSpec } from './event-class.ts';
import { httpFields } from './http-fields.ts';
import type { ClassPorts } from './ports.ts';

const HTTP_SIDES = {
  /** Requests of this host's programs. */
  client: [{ category: 'proxy' }],
  /** Requests to this host's servers. */
  server: [{ category: 'webserver' }],
  /** Seen from outside, in a capture: both at once. */
  both: [{ category: 'proxy' }, { category: 'webserver' }],
} as const;
export type HttpSide = keyof typeof HTTP_SIDES;

/** HTTP requests with their responses, of one side. */
export function httpClass(side: HttpSide, ports: ClassPorts): EventClass<HttpEvent> {
  return {
    name: side === 'both' ? 'http' : `http-${side}`,
    profiles: [
      ...HTTP_SIDES[side],
      { product: 'zeek', service: 'http' },
      { product: 'telegen', category: 'http', service: 'http' },
    ],
    fields: [...httpFields<HttpEvent>(({ http }) => http), ...conversationFields<HttpEvent>(ports)],
  };
}

/** gRPC calls. */
export function grpcClass(ports: ClassPorts): EventClass<GrpcEvent> {
  return {
    name: 'grpc',
    profiles: [{ product: 'telegen', category: 'grpc', service: 'grpc' }],
    fields: [
      field([ATTR.rpcService], ({ grpc }) => grpc.service),
      field([ATTR.rpcMethod], ({ grpc }) => grpc.method),
      few([ATTR.rpcStatusCode], ({ grpc }) => grpc.statusCode),
      field([ATTR.rpcStatusMessage], ({ grpc }) => grpc.statusMessage),
      quiet([ATTR.rpcRequestMessages], ({ grpc }) => grpc.requestMessages),
      quiet([ATTR.rpcResponseMessages], ({ grpc }) => grpc.responseMessages),
      ...httpFields<GrpcEvent>(({ grpc }) => grpc.http),
      ...conversationFields<GrpcEvent>(ports),
    ],
  };
}

/** TLS handshakes, as far as the client's first message tells. */
export function tlsClass(ports: ClassPorts): EventClass<TlsEvent> {
  return {
    name: 'tls',
    profiles: [
      { product: 'zeek', service: 'ssl' },
      { product: 'telegen', category: 'tls', service: 'tls' },
    ],
    fields: [...helloFields(), ...conversationFields<TlsEvent>(ports)],
  };
}

function helloFields(): readonly FieldSpec<TlsEvent>[] {
  return [
    field(['server_name', ATTR.tlsServerName], ({ tls }) => tls.serverName),
    field([ATTR.tlsJa4], ({ tls }) => tls.ja4),
    few(['next_protocol', ATTR.tlsAlpn], ({ tls }) => tls.alpn),
    few([ATTR.tlsVersions], ({ tls }) => tls.versions),
    few([ATTR.tlsEncryptedHello], ({ tls }) => tls.encryptedHello),
    few([ATTR.protocolName], ({ tls }) => helloCarrier(tls)),
    few([ATTR.protocolVersion], ({ tls }) => tls.quicVersion),
  ];
}
