import type { ScoreRecord } from './record.ts';

/** A place in the sequence of changes of a store; opaque. */
export type Cursor = string;

export interface ReadAll {
  readonly records: readonly ScoreRecord[];
  /** Everything that changes after the reading began comes after this. */
  readonly cursor: Cursor;
}

/**
 * Where agents share records. Every call ends within the store's time budget, by resolving or rejecting; a rejected
 * write may have been done in part, and is repeated without harm. test/reputation/scores/contract.ts says the rest.
 */
export interface ScoreStore {
  /** Takes newer records, by value and agent, and tells everybody. */
  write(records: readonly ScoreRecord[]): Promise<void>;
  readAll(): Promise<ReadAll>;
  /** What changed since; `lost` when that cannot be told any more and everything must be read. */
  changes(since: Cursor): Promise<ReadAll | 'lost'>;
  /** Takes out records that have expired. */
  forget(records: readonly ScoreRecord[]): Promise<void>;
  close(): Promise<void>;
}
