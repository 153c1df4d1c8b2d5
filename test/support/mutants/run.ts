import { createRandom } from '../traffic/random.ts';
import { mutate } from './mutate.ts';
import type { Parser, Target } from './targets.ts';

/** Mutants that one parser reads before a new one takes its place. */
const MUTANTS_PER_PARSER = 50;
const PARSERS_KEPT = 64;

export interface MutantRun {
  readonly target: Target;
  readonly cases: number;
  readonly seed: number;
  /** Told now and then how many cases are done. */
  readonly onProgress?: (done: number) => void;
}

export interface MutantResult {
  /** Parsers as they were left by their mutants, some of the last: to see what they hold. */
  readonly parsers: readonly unknown[];
  readonly slowestMs: number;
}

/** Feeds mutants to a parser; throws, naming seed and case, when it throws. The same seed gives the same cases. */
export function runMutants({ target, cases, seed, onProgress }: MutantRun): MutantResult {
  const random = createRandom(seed);
  const { seeds } = target;
  const pick = (): Uint8Array => seeds[random.below(seeds.length)] as Uint8Array;
  const parsers: Parser[] = [];
  let parser = target.open();
  let slowestMs = 0;
  for (let index = 0; index < cases; index++) {
    if (index % MUTANTS_PER_PARSER === 0) {
      parser = target.open();
      const place = (index / MUTANTS_PER_PARSER) % PARSERS_KEPT;
      parsers[place]?.end?.();
      parsers[place] = parser;
    }
    const mutant = mutate(pick(), random, pick());
    const began = performance.now();
    try {
      parser.feed(mutant, random);
    } catch (error) {
      const bytes = Buffer.from(mutant).toString('hex');
      throw new Error(`${target.name}, seed ${seed}, case ${index} (${bytes})`, { cause: error });
    }
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (index % 1000 === 0) onProgress?.(index);
  }
  return { parsers, slowestMs };
}
