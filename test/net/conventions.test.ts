import { describe, expect, test } from 'vitest';
import { ATTR } from '../../src/model/attributes.ts';
import type { Attributes } from '../../src/model/finding.ts';
import { createRename } from '../../src/net/conventions.ts';
import { grpcStatusName } from '../../src/net/grpc-status.ts';

const HTTP: Attributes = {
  'event.name': 'http',
  'net.peer.ip': '192.0.2.10',
  'net.peer.port': 80,
  'net.peer.name': 'api.example.com',
  'net.host.ip': '192.0.2.1',
  'net.host.port': 40_000,
  'network.io.direction': 'outbound',
  'http.method': 'GET',
  'http.url': 'http://api.example.com/users/7?page=1',
  'http.route': '/users/{id}',
  'http.status_code': 200,
  'http.request_content_length': 0,
  'http.response_content_length': 5,
  'http.request.header.user-agent': ['made-up/1.0'],
  'telegen.http.request_body': 'a',
  'telegen.http.response_body': 'b',
};
const OTEL_HTTP: Attributes = {
  'event.name': 'http',
  'network.peer.address': '192.0.2.10',
  'network.peer.port': 80,
  'server.address': 'api.example.com',
  'network.local.address': '192.0.2.1',
  'network.local.port': 40_000,
  'network.io.direction': 'outbound',
  'http.request.method': 'GET',
  'url.full': 'http://api.example.com/users/7?page=1',
  'url.scheme': 'http',
  'url.path': '/users/7',
  'url.query': 'page=1',
  'http.route': '/users/{id}',
  'http.response.status_code': 200,
  'http.request.body.size': 0,
  'http.response.body.size': 5,
  'http.request.header.user-agent': ['made-up/1.0'],
  'http.request.body.content': 'a',
  'http.response.body.content': 'b',
};

describe('semantic_conventions', () => {
  test('telegen: the names of the specification', () => {
    expect(createRename('telegen')(HTTP)).toEqual(HTTP);
  });

  test('otel: the names of OpenTelemetry', () => {
    expect(createRename('otel')(HTTP)).toEqual(OTEL_HTTP);
  });

  test('both: each value under both names', () => {
    expect(createRename('both')(HTTP)).toEqual({ ...OTEL_HTTP, ...HTTP });
  });

  const cases: [string, Attributes, Attributes][] = [
    [
      'a call',
      { 'rpc.system': 'grpc', 'rpc.service': 'a.B', 'rpc.method': 'C', 'rpc.grpc.status_code': 7 },
      { 'rpc.system.name': 'grpc', 'rpc.method': 'a.B/C', 'rpc.status_code': 'PERMISSION_DENIED' },
    ],
    ['a service without a method', { 'rpc.service': 'a.B' }, { 'rpc.service': 'a.B' }],
    [
      'a method that is not known',
      { 'http.method': 'BREW' },
      { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' },
    ],
    ['a path without an authority', { 'http.url': '/a?b' }, { 'url.path': '/a', 'url.query': 'b' }],
    ['an authority', { 'http.url': 'example.com:443' }, {}],
    ['an asterisk', { 'http.url': '*' }, {}],
    [
      'the name of a client',
      { 'net.peer.name': 'a.example.com', 'network.io.direction': 'inbound' },
      { 'client.address': 'a.example.com', 'network.io.direction': 'inbound' },
    ],
    ['a name out of Object.prototype', { constructor: 'x' }, { constructor: 'x' }],
  ];
  test.each(cases)('otel, %s', (_, ours, theirs) => {
    expect(createRename('otel')(ours)).toEqual(theirs);
  });

  test('both: a method keeps the value of the specification', () => {
    expect(createRename('both')({ [ATTR.rpcService]: 'a.B', [ATTR.rpcMethod]: 'C' })).toEqual({
      'rpc.service': 'a.B',
      'rpc.method': 'C',
    });
  });

  test.each([
    [0, 'OK'],
    [16, 'UNAUTHENTICATED'],
    [99, '99'],
  ])('status %i of gRPC is %s', (code, name) => expect(grpcStatusName(code)).toBe(name));
});
