import type { Side } from '../../model/conversation.ts';
import type { DnsQuestion } from './message.ts';

/** `waiting` for the response; `answered`; `late`: the timeout was reported; `unasked`: only its response was seen. */
export type TransactionState = 'waiting' | 'answered' | 'late' | 'unasked';

/** Stands for socket, asking side and id: transactions of one group differ by their question. */
export type Group = string | number;

/** Above this a number has no room for side and id beside it. */
const MAX_PACKED_KEY = 2 ** 36;

/** A number where possible: making and looking up a text for every message would cost more than decoding it. */
export function groupOf(key: string | number, asker: Side, id: number): Group {
  const side = asker === 'client' ? 0 : 65_536;
  if (Number.isInteger(key) && Number(key) >= 0 && Number(key) < MAX_PACKED_KEY) {
    return Number(key) * 131_072 + side + id;
  }
  return `${typeof key} ${key} ${side + id}`;
}

/** One question of one conversation. Kept for a while after its end, to recognise what comes too late or twice. */
export interface Transaction<Asked> {
  /** Until it ends: an ended one is kept far longer than it waited. */
  conversation: Asked | undefined;
  readonly group: Group;
  readonly id: number;
  readonly question: DnsQuestion;
  readonly firstMs: number;
  readonly afterTruncation: boolean;
  retries: number;
  state: TransactionState;
  endedMs: number;
  previous: Transaction<Asked> | undefined;
  next: Transaction<Asked> | undefined;
  /** The next one that is looked up in the same place. */
  chained: Transaction<Asked> | undefined;
}

/** Transactions in the order of their arrival; adding and removing cost the same at any size. */
export interface TransactionList<Asked> {
  readonly size: number;
  readonly first: Transaction<Asked> | undefined;
  add(transaction: Transaction<Asked>): void;
  remove(transaction: Transaction<Asked>): void;
}

export function createTransactionList<Asked>(): TransactionList<Asked> {
  let first: Transaction<Asked> | undefined;
  let last: Transaction<Asked> | undefined;
  let size = 0;
  return {
    get size() {
      return size;
    },
    get first() {
      return first;
    },
    add(transaction) {
      transaction.previous = last;
      transaction.next = undefined;
      if (last === undefined) first = transaction;
      else last.next = transaction;
      last = transaction;
      size++;
    },
    remove(transaction) {
      const { previous, next } = transaction;
      if (previous === undefined) first = next;
      else previous.next = next;
      if (next === undefined) last = previous;
      else next.previous = previous;
      transaction.previous = undefined;
      transaction.next = undefined;
      size--;
    },
  };
}
