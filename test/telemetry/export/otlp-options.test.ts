import { describe, expect, it } from 'vitest';
import { type Env, type OtlpConfig, resolveOtlpOptions } from '../../../src/telemetry/export/otlp-options.ts';

const DEFAULTS = {
  headers: {},
  compression: 'none',
  timeoutMs: 10_000,
  tls: {},
  serviceName: undefined,
};
const tls = { caFile: '/ca', certFile: '/cert', keyFile: '/key' };

type Row = readonly [name: string, config: OtlpConfig, env: Env, expected: object | undefined];

describe('resolveOtlpOptions', () => {
  const endpoints: Row[] = [
    ['nothing at all', {}, {}, undefined],
    ['an empty endpoint', { endpoint: '' }, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, undefined],
    [
      'http',
      { endpoint: 'http://collector.example.com:4317' },
      {},
      { address: 'collector.example.com:4317', secure: false },
    ],
    [
      'https',
      { endpoint: ' https://collector.example.com:4317/ ' },
      {},
      { address: 'collector.example.com:4317', secure: true },
    ],
    ['http on port 80', { endpoint: 'http://h:80' }, {}, { address: 'h:80', secure: false }],
    ['https without a port', { endpoint: 'https://h' }, {}, { address: 'h:443', secure: true }],
    ['http without a port', { endpoint: 'HTTP://h' }, {}, { address: 'h:80', secure: false }],
    ['IPv6', { endpoint: 'http://[2001:db8::1]:4317' }, {}, { address: '[2001:db8::1]:4317', secure: false }],
    ['no scheme: TLS', { endpoint: 'h:4318' }, {}, { address: 'h:4318', secure: true }],
    ['no scheme, no port', { endpoint: 'h' }, {}, { address: 'h:4317', secure: true }],
    ['no scheme, insecure', { endpoint: 'h:1', insecure: true }, {}, { secure: false }],
    [
      'no scheme, insecure by variable',
      { endpoint: 'h:1' },
      { OTEL_EXPORTER_OTLP_INSECURE: ' True ' },
      { secure: false },
    ],
    [
      'no scheme, a variable that is not true',
      { endpoint: 'h:1' },
      { OTEL_EXPORTER_OTLP_INSECURE: '1' },
      { secure: true },
    ],
    [
      'configuration over the variable',
      { endpoint: 'h:1', insecure: false },
      { OTEL_EXPORTER_OTLP_INSECURE: 'true' },
      { secure: true },
    ],
    [
      'no scheme, files over the variable',
      { endpoint: 'h:1', tls },
      { OTEL_EXPORTER_OTLP_INSECURE: 'true' },
      { secure: true, tls },
    ],
    [
      'https over the variable',
      { endpoint: 'https://h:1' },
      { OTEL_EXPORTER_OTLP_INSECURE: 'true' },
      { secure: true },
    ],
    [
      'the general variable',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1' },
      { address: 'a:1', endpoint: 'http://a:1' },
    ],
    [
      'the variable for logs first',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://b:2' },
      { address: 'b:2' },
    ],
    [
      'the configuration first of all',
      { endpoint: 'http://c:3' },
      { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://b:2' },
      { address: 'c:3' },
    ],
    [
      'the configuration, whatever the protocol variable',
      { endpoint: 'http://c:3' },
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
      { address: 'c:3' },
    ],
    [
      'a protocol variable that says grpc',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      { address: 'a:1' },
    ],
  ];
  it.each(endpoints)('endpoint: %s', (_name, config, env, expected) => {
    const resolved = resolveOtlpOptions(config, env);
    if (expected === undefined) expect(resolved).toBeUndefined();
    else expect(resolved).toMatchObject(expected);
  });

  it('has defaults for all the rest', () => {
    expect(resolveOtlpOptions({ endpoint: 'http://h:1' }, {})).toEqual({
      ...DEFAULTS,
      endpoint: 'http://h:1',
      address: 'h:1',
      secure: false,
    });
  });

  const https = { endpoint: 'https://h:1' };
  const rest: Row[] = [
    [
      'headers of all three places',
      { ...https, headers: { 'X-C': 'c', b: 'mine' } },
      { OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2', OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'a=x%20y' },
      { headers: { a: 'x y', b: 'mine', 'x-c': 'c' } },
    ],
    ['compression by variable', https, { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }, { compression: 'gzip' }],
    [
      'compression, configuration first',
      { ...https, compression: 'none' },
      { OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'gzip' },
      { compression: 'none' },
    ],
    ['timeout by variable', https, { OTEL_EXPORTER_OTLP_TIMEOUT: '1500' }, { timeoutMs: 1500 }],
    [
      'timeout, configuration first',
      { ...https, timeoutMs: 7 },
      { OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '9' },
      { timeoutMs: 7 },
    ],
    [
      'files by variable',
      https,
      {
        OTEL_EXPORTER_OTLP_CERTIFICATE: '/a',
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/b',
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: '/c',
      },
      { tls: { caFile: '/a', certFile: '/b', keyFile: '/c' } },
    ],
    [
      'files, configuration first',
      { ...https, tls },
      { OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: '/other' },
      { tls },
    ],
    [
      'no files for plaintext',
      { endpoint: 'http://h:1' },
      { OTEL_EXPORTER_OTLP_CERTIFICATE: '/a' },
      { tls: {}, secure: false },
    ],
    ['the name of the service', { ...https, serviceName: 'edge' }, {}, { serviceName: 'edge' }],
  ];
  it.each(rest)('%s', (_name, config, env, expected) => {
    expect(resolveOtlpOptions(config, env)).toMatchObject(expected ?? {});
  });

  const wrong: readonly (readonly [string, OtlpConfig, Env, RegExp])[] = [
    ['tls with http', { endpoint: 'http://h:1', tls }, {}, /otlp\.tls is set but the endpoint says http/],
    ['insecure with https', { ...https, insecure: true }, {}, /insecure: true contradicts/],
    ['insecure with tls', { endpoint: 'h:1', insecure: true, tls }, {}, /insecure: true contradicts/],
    [
      'a certificate without its key',
      { ...https, tls: { certFile: '/c' } },
      {},
      /client certificate without its key/,
    ],
    [
      'a key without its certificate',
      https,
      { OTEL_EXPORTER_OTLP_CLIENT_KEY: '/k' },
      /client key without its certificate/,
    ],
    [
      'another scheme',
      { endpoint: 'ftp://h:1' },
      {},
      /otlp\.endpoint: unsupported scheme "ftp"; write http:\/\//,
    ],
    [
      'a path',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318/v1/logs' },
      /OTEL_EXPORTER_OTLP_ENDPOINT: .*no path \("\/v1\/logs"\)/,
    ],
    ['an impossible port', { endpoint: 'http://h:99999' }, {}, /not an address of a collector/],
    ['no host', { endpoint: 'http://' }, {}, /not an address/],
    ['a password in the endpoint', { endpoint: 'https://u:hunter2@h:1' }, {}, /use otlp\.headers/],
    [
      'an unknown compression',
      https,
      { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
      /COMPRESSION: "zstd" is not a compression/,
    ],
    [
      'a timeout that is no number',
      https,
      { OTEL_EXPORTER_OTLP_TIMEOUT: '10s' },
      /TIMEOUT: "10s" is not a number of milliseconds/,
    ],
    ['a timeout of zero', { ...https, timeoutMs: 0 }, {}, /otlp\.timeout: "0"/],
    [
      'another protocol',
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
      /is for http\/protobuf .* over gRPC/,
    ],
  ];
  it.each(wrong)('refuses %s', (_name, config, env, message) => {
    const attempt = () => resolveOtlpOptions(config, env);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'TELEGEN_EXPORT' }));
    expect(attempt).not.toThrow(/hunter2/);
  });
});
