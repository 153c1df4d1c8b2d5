import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { classifyFailure } from '../../../src/telemetry/export/otlp-errors.ts';

const grpc = (code: status, details: string): Error =>
  Object.assign(new Error(`${code} ${details}`), { code, details });

describe('classifyFailure', () => {
  it.each([
    ['transient', grpc(status.UNAVAILABLE, 'connect ECONNREFUSED'), 'UNAVAILABLE: connect ECONNREFUSED'],
    ['transient', grpc(status.DEADLINE_EXCEEDED, 'late'), 'DEADLINE_EXCEEDED: late'],
    ['transient', grpc(status.RESOURCE_EXHAUSTED, 'quota'), 'RESOURCE_EXHAUSTED: quota'],
    ['transient', grpc(status.UNKNOWN, ''), 'UNKNOWN: 2 '],
    ['transient', new Error('Concurrent export limit reached'), 'UNKNOWN: Concurrent export limit reached'],
    ['transient', 'odd', 'UNKNOWN: odd'],
    ['transient', { code: 999 }, 'UNKNOWN: [object Object]'],
    ['refused', grpc(status.UNAUTHENTICATED, 'no token'), /^UNAUTHENTICATED: no token \(check otlp\.headers/],
    ['refused', grpc(status.PERMISSION_DENIED, 'no'), /^PERMISSION_DENIED/],
    ['refused', grpc(status.UNIMPLEMENTED, 'no'), /is this an OTLP gRPC receiver/],
    [
      'refused',
      grpc(status.UNAVAILABLE, 'Error: self-signed certificate in certificate chain'),
      /check otlp\.tls/,
    ],
    ['refused', grpc(status.UNAVAILABLE, 'unable to verify the first certificate'), /check otlp\.tls/],
    ['refused', grpc(status.UNAVAILABLE, 'EPROTO: SSL routines: wrong version number'), /check otlp\.tls/],
    ['data', grpc(status.INVALID_ARGUMENT, 'bad'), 'INVALID_ARGUMENT: bad'],
    ['data', grpc(status.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs 4)'), /larger than max/],
  ] as const)('%s: %s', (kind, error, message) => {
    const failure = classifyFailure(error);
    expect(failure.kind).toBe(kind);
    if (typeof message === 'string') expect(failure.message).toBe(message);
    else expect(failure.message).toMatch(message);
  });

  it('knows the status codes by the names of gRPC', () => {
    const names = Object.entries(status).filter(([, code]) => typeof code === 'number');
    for (const [name, code] of names)
      expect(classifyFailure(grpc(Number(code), 'x')).message).toContain(`${name}: x`);
    expect(names).toHaveLength(17);
  });
});
