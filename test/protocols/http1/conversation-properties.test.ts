import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpFacts } from '../../../src/model/conversation.ts';
import { createHttp1Conversation } from '../../../src/protocols/http1/conversation.ts';
import { type Exchange, randomTraffic } from './random-traffic.ts';
import { cut, dice, feed, mutate, type Piece } from './stream-pieces.ts';

const PATIENCE_MS = 3_600_000;
/** `FUZZ_CASES=1000000 FUZZ_SEED=2 vitest run ...` for a long run by hand. */
const CASES = Number(process.env.FUZZ_CASES ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const runs = (usual: number) => ({ numRuns: Math.ceil((usual * CASES) / 20_000), seed });

function run(pieces: readonly Piece[]): HttpFacts[] {
  const seen: HttpFacts[] = [];
  const conversation = createHttp1Conversation({ onExchange: (facts) => seen.push(facts) });
  feed(conversation, pieces);
  conversation.end(1e6, false);
  return seen;
}

/** All that a reported exchange says and the truth does not. */
function lies(facts: HttpFacts, truth: ReadonlyMap<string, Exchange>): string[] {
  const ids = [...facts.requestHeaders, ...facts.responseHeaders].filter(([name]) => name === 'x-id');
  const id = facts.target ?? ids[0]?.[1] ?? '';
  const exchange = truth.get(id);
  if (exchange === undefined)
    return facts.target === undefined && ids.length === 0 ? [] : [`no exchange ${id}`];
  const fields = [...facts.requestHeaders, ...facts.responseHeaders]
    .filter(([name]) => name.startsWith('x-') || name === 'host')
    .map(([name, value]) => `${name}: ${value}`);
  const said: readonly (readonly [string, unknown, unknown])[] = [
    ['x-id', ids.find(([, value]) => value !== id)?.[1], undefined],
    ['method', facts.method ?? exchange.method, exchange.method],
    ['status', facts.statusCode ?? exchange.statusCode, exchange.statusCode],
    ['request body', facts.requestBodyBytes ?? exchange.requestBody, exchange.requestBody],
    ['response body', facts.responseBodyBytes ?? exchange.responseBody, exchange.responseBody],
    ['field', fields.find((field) => !exchange.fields.includes(field)), undefined],
  ];
  return said
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${id} ${what}: ${String(was)}, not ${String(is)}`);
}

const truthOf = (exchanges: readonly Exchange[]) => new Map(exchanges.map((each) => [each.id, each]));

describe('HTTP/1 traffic', () => {
  test(
    'is told right and whole, however it is cut',
    () => {
      fc.assert(
        fc.property(
          fc.integer(),
          fc.integer({ min: 1, max: 5 }),
          fc.constantFrom(1, 2, 7, 60, 1500),
          (start, depth, longest) => {
            const roll = dice(start);
            const { pieces, exchanges } = randomTraffic(roll, 1 + roll(8), depth);
            const facts = run(pieces);
            expect(facts.map(({ target }) => target)).toEqual(exchanges.map(({ id }) => id));
            expect(facts.flatMap((each) => lies(each, truthOf(exchanges)))).toEqual([]);
            expect(facts.every(({ outcome, partial }) => outcome === 'complete' && !partial)).toBe(true);
            expect(facts.every((each) => each.responseBodyBytes !== undefined)).toBe(true);
            expect(run(cut(pieces, roll, longest))).toEqual(facts);
          },
        ),
        runs(150),
      );
    },
    PATIENCE_MS,
  );

  test(
    'is never told wrong, whatever is missing',
    () => {
      fc.assert(
        fc.property(
          fc.integer(),
          fc.constantFrom(1, 1, 2, 5),
          fc.integer({ min: 1, max: 4 }),
          (start, depth, gaps) => {
            const roll = dice(start);
            const { pieces, exchanges } = randomTraffic(roll, 3 + roll(8), depth);
            const parts = cut(pieces, roll, 400);
            // A client that pipelines is not taken for one that waits once it has shown it.
            const shown =
              depth === 1 ? 0 : parts.findIndex(({ timeMs, bytes }) => timeMs > 1 && bytes.length > 0) + 8;
            for (let i = 0; i < gaps; i++) {
              const at = shown + roll(parts.length);
              for (let n = roll(4); n >= 0; n--) {
                const part = parts[at + n];
                if (part !== undefined) parts[at + n] = { ...part, lost: true };
              }
            }
            expect(run(parts).flatMap((each) => lies(each, truthOf(exchanges)))).toEqual([]);
          },
        ),
        runs(1500),
      );
    },
    PATIENCE_MS,
  );

  test(
    'loses to one lost piece no more than the exchange it belongs to and the next',
    () => {
      fc.assert(
        fc.property(fc.integer(), (start) => {
          const roll = dice(start);
          const { pieces, exchanges } = randomTraffic(roll, 12, 1, false);
          const parts = cut(pieces, roll, 400);
          const at = roll(parts.length);
          const facts = run(parts.with(at, { ...(parts[at] as Piece), lost: true }));
          expect(facts.flatMap((each) => lies(each, truthOf(exchanges)))).toEqual([]);
          const whole = facts.filter(({ outcome, partial }) => outcome === 'complete' && !partial);
          expect(whole.length).toBeGreaterThanOrEqual(exchanges.length - 2);
        }),
        runs(500),
      );
    },
    PATIENCE_MS,
  );

  test(
    'cut off anywhere is partial, not wrong',
    () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), (start, depth) => {
          const roll = dice(start);
          const { pieces, exchanges } = randomTraffic(roll, 4, depth);
          const parts = cut(pieces, roll, 60);
          const facts = run(parts.slice(0, roll(parts.length)));
          expect(facts.flatMap((each) => lies(each, truthOf(exchanges)))).toEqual([]);
        }),
        runs(500),
      );
    },
    PATIENCE_MS,
  );

  test(
    `survives ${CASES} mutations`,
    () => {
      const bodies = Array.from({ length: 40 }, (_, i) => randomTraffic(dice(i), 4, 1 + (i % 4)));
      for (let i = 0; i < CASES; i++) {
        const roll = dice(seed * 1_000_003 + i);
        const { pieces } = bodies[roll(bodies.length)] as (typeof bodies)[number];
        const facts = run(cut(mutate(pieces, roll), roll, 900));
        if (facts.length > 400) expect.fail(`${facts.length} exchanges, case ${i}`);
      }
    },
    PATIENCE_MS,
  );
});
