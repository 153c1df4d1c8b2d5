import { expect, it } from 'vitest';
import { plainPath } from '../../src/net/program-path.ts';

it.each(['/bin/sh', '/opt/..x/.y/...', '/process/x', '/dev/shm/x', '/dev/stdin/x', `/${'x'.repeat(4095)}`])(
  '%s is the path of a program',
  (name) => expect(plainPath(name)).toBe(name),
);

it.each([
  undefined,
  '',
  'x',
  './x',
  '/',
  '/usr/lib/',
  '/usr/lib/..',
  '/usr/lib/.',
  '/usr/lib/../../tmp/x',
  '/../tmp/x',
  '/usr/./lib/x',
  '/usr//lib/x',
  '//usr/lib/x',
  '/proc/self/exe',
  '/dev/fd/5',
  '/dev/stdin',
  `/${'x'.repeat(4096)}`,
])('%s is none', (name) => expect(plainPath(name)).toBeUndefined());
