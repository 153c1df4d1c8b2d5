import { describe, expect, test } from 'vitest';
import { createPairing } from '../../../src/protocols/http1/pairing.ts';

interface Request {
  readonly name: string;
  readonly startMs: number;
}

/**
 * Steps: `R1` a request, `S` a response, `?` and `!` lost requests and `-` and `=` lost responses (perhaps none, at least
 * one). Result: what each response was given to, `.` for none.
 */
function play(steps: string, maxWaiting = 10) {
  const gaveUp: string[] = [];
  const pairing = createPairing<Request>({ maxWaiting, giveUp: ({ name }) => gaveUp.push(name) });
  const given: string[] = [];
  for (const [i, step] of steps.split(' ').entries()) {
    if (step === 'S') given.push(pairing.response()?.name ?? '.');
    else if (step === '?' || step === '!') pairing.lostRequests(step === '!' ? 1 : 0);
    else if (step === '-' || step === '=') pairing.lostResponses(step === '=' ? 1 : 0);
    else pairing.request({ name: step, startMs: i });
  }
  return { given: given.join(' '), gaveUp: gaveUp.join(' '), waits: pairing.drain().map(({ name }) => name) };
}

describe('responses go', () => {
  test.each([
    ['in turn', 'R1 S R2 S', 'R1 R2', ''],
    ['pipelined, to the oldest', 'R1 R2 R3 S S S', 'R1 R2 R3', ''],
    ['to none, unasked', 'S R1 S', '. R1', ''],
    ['past a lost request', 'R1 S ! S R2 S', 'R1 . R2', ''],
    ['past a lost request that is told late', 'R1 S S ! R2 S', 'R1 . R2', ''],
    ['past a lost response', 'R1 S R2 = R3 S R4 S', 'R1 R3 R4', 'R2'],
    ['past a lost response that is told late', 'R1 S R2 R3 = S', 'R1 R3', 'R2'],
    ['past losses of both', 'R1 S ! = R5 S R6 S', 'R1 R5 R6', ''],
    ['to the newest, of a client that waits', 'R1 S R2 S ? R3 S', 'R1 R2 R3', ''],
    [
      'to none behind a hole, of one that keeps two waiting',
      'R1 R2 S R3 S ! S R5 S R6 S',
      'R1 R2 R3 . .',
      'R5 R6',
    ],
    ['joined late', '? - R1 S R2 S', 'R1 R2', ''],
    ['to the only one that can be meant', 'R1 R2 R3 S = S', 'R1 R3', 'R2'],
    ['to none, when two can be meant', 'R1 R2 R3 R4 S = S S', 'R1 . R4', 'R2 R3'],
    ['to none behind a hole, of a client that pipelines', 'R1 R2 S S ? R3 R4 S S', 'R1 R2 . .', 'R3 R4'],
    [
      'right again, when trust has come back',
      'R1 - R2 S ? R3 S R4 S R5 S R6 S',
      '. . . R5 R6',
      'R1 R2 R3 R4',
    ],
  ])('%s', (_, steps, given, gaveUp) => {
    const result = play(steps);
    expect(result.given).toBe(given);
    expect(result.gaveUp).toBe(gaveUp);
  });
  test('to those that were there first, when too many wait', () => {
    expect(play('R1 R2 R3 R4 S S S S R5 S', 2)).toEqual({
      given: 'R1 R2 . . R5',
      gaveUp: 'R3 R4',
      waits: [],
    });
  });
});
