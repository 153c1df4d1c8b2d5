/**
 * What became of messages: questions = retries + refused + answered + timeouts + undecided + pending. Responses with
 * one question: responses = answered + unasked + duplicates + late + ambiguous + continued.
 */
export interface DnsPairingCounters {
  /** Asked, repeats included. */
  readonly questions: number;
  readonly retries: number;
  /** Not watched: the table was full, or the socket had too many open under one id. */
  readonly refused: number;
  readonly responses: number;
  readonly answered: number;
  readonly timeouts: number;
  readonly unasked: number;
  /** Responses to what was answered already, and to what was already reported as timed out. */
  readonly duplicates: number;
  readonly late: number;
  /** Responses without question whose id fits several. */
  readonly ambiguous: number;
  /** Messages of zone transfers behind the first of each. */
  readonly continued: number;
  /** Still open at the end, and told as `asked`. */
  readonly undecided: number;
  readonly multicast: number;
  /** Messages that are no queries: NOTIFY, UPDATE, ... */
  readonly otherOpcodes: number;
  readonly emptyQueries: number;
  /** Repeated within a message, or one too many. */
  readonly skippedQuestions: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function createPairingCounters(): Mutable<DnsPairingCounters> {
  return {
    questions: 0,
    retries: 0,
    refused: 0,
    responses: 0,
    answered: 0,
    timeouts: 0,
    unasked: 0,
    duplicates: 0,
    late: 0,
    ambiguous: 0,
    continued: 0,
    undecided: 0,
    multicast: 0,
    otherOpcodes: 0,
    emptyQueries: 0,
    skippedQuestions: 0,
  };
}
