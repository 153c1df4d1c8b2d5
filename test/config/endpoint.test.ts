import { describe, expect, test } from 'vitest';
import { endpointUrl, parseEndpoint } from '../../src/config/endpoint.ts';

describe('parseEndpoint', () => {
  test.each([
    ['http://collector.example.com:4317', 'http://collector.example.com:4317'],
    ['https://collector.example.com:4317/', 'https://collector.example.com:4317'],
    ['collector:4317', 'https://collector:4317'],
    ['192.0.2.1:4317', 'https://192.0.2.1:4317'],
    ['http://[2001:db8::1]:443', 'http://[2001:db8::1]:443'],
    ['my_service:1', 'https://my_service:1'],
  ])('%s connects to %s', (text, url) => {
    const result = parseEndpoint(text);
    expect('endpoint' in result && endpointUrl(result.endpoint, false)).toBe(url);
  });

  test('without a scheme, insecure decides', () => {
    const result = parseEndpoint('collector:4317');
    expect('endpoint' in result && endpointUrl(result.endpoint, true)).toBe('http://collector:4317');
  });

  test.each([
    ['https://collector', 'has no port; OTLP over gRPC is usually https://collector:4317'],
    ['collector', 'has no port'],
    ['collector:0', 'port must be from 1 to 65535'],
    ['collector:65536', 'port must be from 1 to 65535'],
    ['http://collector:4318/v1/logs', 'no path'],
    ['http://user:secret@collector:4317', 'credentials'],
    ['grpc://collector:4317', 'scheme grpc:// is not supported'],
    ['unix:///run/otel.sock', 'scheme unix:// is not supported'],
    ['2001:db8::1', 'brackets'],
    ['2001:db8::1:4317', 'brackets'],
    ['[nonsense]:4317', 'not an endpoint'],
    ['[1:2]:4317', 'not a host name'],
    ['300.1.1.1:4317', 'not a host name'],
    ['collector:4317?x=1', 'not an endpoint'],
    ['col lector:4317', 'not an endpoint'],
  ])('%s is refused', (text, reason) => {
    const result = parseEndpoint(text);
    const problem = 'problem' in result ? result.problem : '';
    expect(problem).toContain(reason);
    expect(problem).not.toContain('secret');
  });
});
