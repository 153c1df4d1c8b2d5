import { expect, test } from 'vitest';
import { programRuntime } from '../../bench/runtime.ts';

test('benchmarks run with the memory settings of the launcher', () => {
  expect(programRuntime()).toEqual({
    options: ['--max-semi-space-size=16', '--expose-gc'],
    environment: { MALLOC_MMAP_THRESHOLD_: '262144' },
  });
});

test('a launcher without any gives none', () => {
  expect(programRuntime('#!/bin/sh\nexec "$node" "$here/dist/main.js" "$@"\n')).toEqual({
    options: [],
    environment: {},
  });
});
