import { describe, expect, test } from 'vitest';
import { createRoutes } from '../../src/net/http-route.ts';
import { pathOf } from '../../src/net/url-path.ts';

const infer = { patterns: [], infer: true, maxPerService: 100 };

describe('the path of a target', () => {
  test.each([
    ['/users/7?a=b#c', '/users/7'],
    ['/users/7#c?d', '/users/7'],
    ['http://api.example.com/users?x', '/users'],
    ['http://api.example.com', '/'],
    ['http://api.example.com?x', '/'],
    ['*', undefined],
    ['api.example.com:443', undefined],
    [undefined, undefined],
  ])('%s: %s', (target, path) => expect(pathOf(target)).toBe(path));
});

describe('agent.network.http.route.patterns', () => {
  const { routeOf } = createRoutes({
    patterns: ['/users/me', '/users/{id}', '/files/*', '/'],
    infer: false,
    maxPerService: 1,
  });
  test.each([
    ['/users/me', '/users/me'],
    ['/users/7?x=1', '/users/{id}'],
    ['/users/', undefined],
    ['/users/7/orders', undefined],
    ['/files/a/b/c', '/files/*'],
    ['/files', '/files/*'],
    ['/', '/'],
    ['/other', undefined],
  ])('%s: %s', (target, route) => expect(routeOf(target, 'a', 200)).toBe(route));
});

describe('agent.network.http.route.infer', () => {
  test.each([
    ['/users/42', '/users/{id}'],
    ['/users/42/orders/2024-01-15', '/users/{id}/orders/{id}'],
    ['/o/0d3f3a2e-8f3c-4c1b-9a51-6f1f0e9f4b5a', '/o/{id}'],
    ['/commit/3f4e9a1b', '/commit/{id}'],
    ['/mail/ann@example.com', '/mail/{id}'],
    ['/v1/health', '/v1/health'],
    ['/decade', '/decade'],
    ['/static/app.3f4e.js', '/static/app.3f4e.js'],
    [`/x/${'a'.repeat(41)}`, '/x/{id}'],
    ['/t/Ab12cd34Ef56', '/t/{id}'],
    ['/', '/'],
  ])('%s: %s', (target, route) => expect(createRoutes(infer).routeOf(target, 'a', 200)).toBe(route));

  test.each([404, undefined])('a request with status %s has none', (status) => {
    expect(createRoutes(infer).routeOf('/users/42', 'a', status)).toBeUndefined();
  });
});

describe('agent.network.http.route.max_per_service', () => {
  test('further templates of a service are told as /*, and counted; those known stay', () => {
    const routes = createRoutes({ ...infer, maxPerService: 2 });
    const say = (path: string, service: string) => routes.routeOf(path, service, 200);
    expect(['/a', '/b', '/c', '/a', '/d'].map((path) => say(path, 'one'))).toEqual([
      '/a',
      '/b',
      '/*',
      '/a',
      '/*',
    ]);
    expect(say('/c', 'two')).toBe('/c');
    expect(routes.counters).toEqual({ folded: 2, forgotten: 0 });
  });

  test('of too many services the first is forgotten', () => {
    const routes = createRoutes({ ...infer, maxPerService: 1 });
    for (let i = 0; i <= 256; i++) routes.routeOf('/a', `s${i}`, 200);
    expect(routes.counters.forgotten).toBe(1);
    expect(routes.routeOf('/b', 's0', 200)).toBe('/b');
    expect(routes.routeOf('/b', 's256', 200)).toBe('/*');
  });
});
