import { expect, test } from 'vitest';
import { runMutants } from '../support/mutants/run.ts';
import { TARGETS } from '../support/mutants/targets.ts';

// A sample; `make bench ARGS=mutants` reads a million of each.
test.each(TARGETS.map((target) => [target.name, target] as const))(
  '%s: broken bytes are read to their end, and nothing is thrown',
  (_name, target) => {
    expect(runMutants({ target, cases: 2000, seed: 20_240_115 }).parsers.length).toBeGreaterThan(0);
  },
);
