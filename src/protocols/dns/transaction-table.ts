import type { DnsQuestion } from './message.ts';
import { createTransactionList, type Group, type Transaction, type TransactionState } from './transaction.ts';

/** Questions that one socket may have open under one id: more is an attempt to make each look-up long. */
const MAX_GROUP = 32;

const MIX = 0x9e3779b1;

/** What a transaction begins with; without a conversation when it ended before it was seen. */
export type Opening<Asked> = Pick<
  Transaction<Asked>,
  'conversation' | 'group' | 'id' | 'question' | 'firstMs' | 'afterTruncation' | 'state'
>;

/** All transactions, waiting and ended, at most `cap` of them: at the cap only ended ones make way. */
export class TransactionTable<Asked> {
  /** The first of each chain, by `chainOf` its group: arrays of mostly one would be as much as what they hold. */
  readonly #chains = new Map<Group, Transaction<Asked>>();
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
    const taken: Transaction<Asked>[] = [];
    for (let known = this.#chains.get(chainOf(group)); known !== undefined; known = known.chained) {
      if (known.group === group) taken.push(known);
    }
    return taken;
  }

  find(group: Group, question: DnsQuestion): Transaction<Asked> | undefined {
    for (let known = this.#chains.get(chainOf(group)); known !== undefined; known = known.chained) {
      if (known.group === group && isSameQuestion(known.question, question)) return known;
    }
    return undefined;
  }

  /** False when there is no room for it. */
  add(opening: Opening<Asked>): boolean {
    const chain = chainOf(opening.group);
    const head = this.#chains.get(chain);
    if (head !== undefined && sizeOfGroup(head, opening.group) >= MAX_GROUP) return false;
    if (!this.#makeRoom()) return false;
    const transaction = begin(opening);
    // Room may have been made in this very chain.
    const first = head === undefined ? undefined : this.#chains.get(chain);
    if (first === undefined) this.#chains.set(chain, transaction);
    else lastOf(first).chained = transaction;
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
    this.#unchain(transaction);
  }

  #unchain(transaction: Transaction<Asked>): void {
    const chain = chainOf(transaction.group);
    const { chained } = transaction;
    transaction.chained = undefined;
    let before = this.#chains.get(chain);
    if (before !== transaction) {
      while (before !== undefined && before.chained !== transaction) before = before.chained;
      if (before !== undefined) before.chained = chained;
    } else if (chained === undefined) this.#chains.delete(chain);
    else this.#chains.set(chain, chained);
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
    chained: undefined,
  };
}

/**
 * What the chain of a group is found by. Maps find integers of 32 bits much faster than larger ones. All groups of one
 * socket have chains of their own; that sockets meet in one is rare, and harmless.
 */
function chainOf(group: Group): Group {
  if (typeof group === 'string') return group;
  return (group | 0) ^ Math.imul(Math.floor(group / 2 ** 32), MIX);
}

function sizeOfGroup(head: Transaction<unknown>, group: Group): number {
  let size = 0;
  for (let known: Transaction<unknown> | undefined = head; known !== undefined; known = known.chained) {
    if (known.group === group) size++;
  }
  return size;
}

function lastOf<Asked>(head: Transaction<Asked>): Transaction<Asked> {
  let last = head;
  while (last.chained !== undefined) last = last.chained;
  return last;
}

export function isSameQuestion(a: DnsQuestion, b: DnsQuestion): boolean {
  return a.name === b.name && a.type === b.type && a.class === b.class;
}
