import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { unexpectedProtocol } from '../../src/detectors/unexpected-protocol.ts';
import type { ContentEvent, ContentKind } from '../../src/model/event.ts';
import { connection, type EventInput } from './events.ts';

const { unexpectedProtocols: DEFAULTS } = loadConfig(undefined).config.network.security;
const detector = unexpectedProtocol({ unexpectedProtocols: DEFAULTS });

/** What was said does not matter here, only that it was. */
const said = (kind: ContentKind, input: EventInput = {}): ContentEvent =>
  ({ ...connection(input), kind }) as unknown as ContentEvent;

describe('with the default lists', () => {
  test.each<[kind: ContentKind, input: EventInput, body: string, severity: string]>([
    ['http', { remote: '198.51.100.50 1337' }, 'HTTP on unexpected port 1337', 'INFO'],
    ['grpc', { remote: '198.51.100.50 1337' }, 'HTTP on unexpected port 1337', 'INFO'],
    ['tls', { remote: '198.51.100.50 4444' }, 'TLS on unexpected port 4444', 'INFO'],
    ['tls', { remote: '198.51.100.50 53' }, 'TLS on port 53, which is meant for DNS', 'WARNING'],
    ['tls', { remote: '198.51.100.50 80' }, 'TLS on port 80, which is meant for HTTP', 'WARNING'],
    ['http', { remote: '198.51.100.50 22' }, 'HTTP on port 22, which is meant for SSH', 'WARNING'],
    ['dns', { remote: '198.51.100.50 5300', transport: 'udp' }, 'DNS on unexpected port 5300', 'INFO'],
    ['dns', { remote: '198.51.100.50 443' }, 'DNS on port 443, which is meant for TLS', 'WARNING'],
    [
      'http',
      { role: 'server', local: '192.0.2.10 6666', remote: '198.51.100.50 80' },
      'HTTP on unexpected port 6666',
      'INFO',
    ],
  ])('%s %j: %s', (kind, input, body, severity) => {
    const event = said(kind, input);
    expect(detector.inspect(event)).toMatchObject({
      detector: 'unexpected-protocol',
      eventType: 'unexpected_protocol',
      reason: 'unexpected_protocol',
      body,
      severity,
      event,
    });
  });

  test.each<[kind: ContentKind, input: EventInput]>([
    ['http', { remote: '198.51.100.50 80' }],
    ['http', { remote: '198.51.100.50 8080' }],
    ['http', { remote: '198.51.100.50 443' }],
    ['tls', { remote: '198.51.100.50 443' }],
    ['tls', { remote: '198.51.100.50 993' }],
    ['dns', { remote: '198.51.100.50 53' }],
    ['http', { role: 'server', local: '192.0.2.10 80', remote: '198.51.100.50 40000' }],
    // Which end serves is not known.
    ['http', { role: 'unknown', remote: '198.51.100.50 1337' }],
  ])('%s %j is nothing to say', (kind, input) => {
    expect(detector.inspect(said(kind, input))).toBeUndefined();
  });

  test('a connection says nothing of what is spoken', () => {
    expect(detector.inspect(connection({ remote: '198.51.100.50 1337' }))).toBeUndefined();
  });
});

test('ports and programs may be excepted', () => {
  const lenient = unexpectedProtocol({
    unexpectedProtocols: { ...DEFAULTS, allow: { ports: [1337], processes: ['/usr/lib/app/*'] } },
  });
  const odd = { remote: '198.51.100.50 1338' };
  expect(lenient.inspect(said('http', { remote: '198.51.100.50 1337' }))).toBeUndefined();
  expect(lenient.inspect(said('http', { ...odd, path: '/usr/lib/app/bin' }))).toBeUndefined();
  expect(lenient.inspect(said('http', { ...odd, path: '/tmp/app' }))).toMatchObject({ severity: 'INFO' });
  expect(lenient.inspect(said('http', odd))).toMatchObject({ severity: 'INFO' });
});

test('what differs in nothing but the name that is asked for is one finding', () => {
  const [a, b] = ['1', '2'].map((last) =>
    detector.inspect(said('dns', { remote: `198.51.100.${last} 5300` })),
  );
  expect(a?.subject).toBe('DNS 5300');
  expect(b?.subject).toBe(a?.subject);
});
