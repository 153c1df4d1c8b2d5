import type { DnsQuestion } from './message.ts';
import { createTransactionList, type Group, type Transaction, type TransactionState } from './transaction.ts';

/** Questions that one socket may have open under one id: more is an attempt to make each look-up long. */
const MAX_GROUP = 32;

/** What a transaction begins with; without a conversation when it ended before it was seen. */
export type Opening<Asked> = Pick<
  Transaction<Asked>,
  'conversation' | 'group' | 'id' | 'question' | 'firstMs' | 'afterTruncation' | 'state'
>;

const NONE: readonly never[] = [];

/** All transactions, waiting and ended, at most `cap` of them: at the cap only ended ones make way. */
export class TransactionTable<Asked> {
  readonly #groups = new Map<Group, Transaction<Asked>[]>();
  readonly #waiting = createTransactionList<Asked>();
  readonly #ended = createTransactionList<Asked>();
  readonly #cap: number;

  constructor(cap: number) {
    this.#cap = cap;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The one that waits longest, and the one that ended first. */
  get oldest(): Transaction<Asked> | undefined {
    return this.#waiting.first;
  }

  get firstEnded(): Transaction<Asked> | undefined {
    return this.#ended.first;
  }

  group(group: Group): readonly Transaction<Asked>[] {
    return this.#groups.get(group) ?? NONE;
  }

  find(group: Group, question: DnsQuestion): Transaction<Asked> | undefined {
    const candidates = this.#groups.get(group);
    if (candidates === undefined) return undefined;
    for (const known of candidates) {
      if (isSameQuestion(known.question, question)) return known;
    }
    return undefined;
  }

  /** False when there is no room for it. */
  add(opening: Opening<Asked>): boolean {
    if (this.group(opening.group).length >= MAX_GROUP || !this.#makeRoom()) return false;
    const transaction = begin(opening);
    const group = this.#groups.get(opening.group);
    if (group === undefined) this.#groups.set(opening.group, [transaction]);
    else group.push(transaction);
    this.#listOf(transaction).add(transaction);
    return true;
  }

  #makeRoom(): boolean {
    if (this.#waiting.size + this.#ended.size < this.#cap) return true;
    const { first } = this.#ended;
    if (first !== undefined) this.remove(first);
    return first !== undefined;
  }

  /** Returns its conversation; undefined when it had ended before. */
  end(
    transaction: Transaction<Asked>,
    state: Exclude<TransactionState, 'waiting'>,
    timeMs: number,
  ): Asked | undefined {
    const { conversation } = transaction;
    this.#listOf(transaction).remove(transaction);
    transaction.state = state;
    transaction.endedMs = timeMs;
    transaction.conversation = undefined;
    this.#ended.add(transaction);
    return conversation;
  }

  remove(transaction: Transaction<Asked>): void {
    this.#listOf(transaction).remove(transaction);
    const group = this.#groups.get(transaction.group);
    if (group === undefined) return;
    if (group.length === 1) this.#groups.delete(transaction.group);
    else group.splice(group.indexOf(transaction), 1);
  }

  #listOf(transaction: Transaction<Asked>) {
    return transaction.state === 'waiting' ? this.#waiting : this.#ended;
  }
}

/** Field by field: spreading costs more than all the rest of adding one. */
function begin<Asked>(opening: Opening<Asked>): Transaction<Asked> {
  return {
    conversation: opening.conversation,
    group: opening.group,
    id: opening.id,
    question: opening.question,
    firstMs: opening.firstMs,
    afterTruncation: opening.afterTruncation,
    retries: 0,
    state: opening.state,
    endedMs: opening.firstMs,
    previous: undefined,
    next: undefined,
  };
}

export function isSameQuestion(a: DnsQuestion, b: DnsQuestion): boolean {
  return a.name === b.name && a.type === b.type && a.class === b.class;
}
