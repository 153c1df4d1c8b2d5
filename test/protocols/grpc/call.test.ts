import { describe, expect, test } from 'vitest';
import type { HttpFacts } from '../../../src/model/conversation.ts';
import { grpcFacts } from '../../../src/protocols/grpc/call.ts';

const http = (target?: string): HttpFacts => ({
  version: '2',
  requestHeaders: [],
  responseHeaders: [],
  outcome: 'complete',
  partial: false,
  ...(target !== undefined && { target }),
});

describe('a call', () => {
  test.each([
    ['/pkg.Service/Method', 'pkg.Service', 'Method'],
    ['/Service/Method', 'Service', 'Method'],
    ['/a/b/Method', 'a/b', 'Method'],
    ['/Method', undefined, undefined],
    ['//Method', undefined, undefined],
    ['/Service/', undefined, undefined],
    [undefined, undefined, undefined],
  ])('%s', (target, service, method) => {
    const facts = grpcFacts(http(target), {});
    expect([facts.service, facts.method]).toEqual([service, method]);
    expect('service' in facts).toBe(service !== undefined);
  });
  test.each([
    ['0', 0],
    ['16', 16],
    ['', undefined],
    ['-1', undefined],
    ['OK', undefined],
  ])('status %s', (status, code) => {
    expect(grpcFacts(http('/s/m'), { status }).statusCode).toBe(code);
  });
  test.each([
    ['plain', 'plain'],
    ['a%20b%3A', 'a b:'],
    ['%e2%82%ac 5', '€ 5'],
    ['%E2%82 %ff %', '%E2%82 %ff %'],
  ])('message %s', (message, text) => {
    expect(grpcFacts(http('/s/m'), { message }).statusMessage).toBe(text);
  });
});
