import { describe, expect, it } from 'vitest';
import { bearerGuard, TOKEN } from '../../../src/telemetry/export/http-guard.ts';

const SECRET = 'a-token-of-enough-length';

describe('the guard of the HTTP listener', () => {
  it.each([
    ['/metrics', `Bearer ${SECRET}`, true],
    ['/metrics', `bearer   ${SECRET}`, true],
    ['/metrics', undefined, false],
    ['/metrics', '', false],
    ['/metrics', SECRET, false],
    ['/metrics', `Basic ${SECRET}`, false],
    ['/metrics', `Bearer ${SECRET}x`, false],
    ['/metrics', `Bearer ${SECRET.slice(0, -1)}`, false],
    ['/metrics', 'Bearer ', false],
    ['/api/v1/alerts', undefined, false],
    ['/nothing', undefined, false],
    ['/healthz', undefined, true],
    ['/readyz', undefined, true],
  ])('%s with %j: %s', (path, authorization, expected) => {
    expect(bearerGuard(() => SECRET)({ path, authorization })).toBe(expected);
  });

  it('goes by the token that holds now', () => {
    let token = 'the-first-token-0001';
    const guard = bearerGuard(() => token);
    const authorization = 'Bearer the-second-token-002';
    expect(guard({ path: '/metrics', authorization })).toBe(false);
    token = 'the-second-token-002';
    expect(guard({ path: '/metrics', authorization })).toBe(true);
  });

  it.each([
    ['short', false],
    ['x'.repeat(16), true],
    ['two words are no token', false],
    ['ümlaut-ümlaut-ümlaut', false],
  ])('a token like %j: %s', (text, expected) => expect(TOKEN.test(text)).toBe(expected));
});
