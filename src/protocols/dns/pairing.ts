import type { Side } from '../../model/conversation.ts';
import { type Asked as AskedFacts, type DnsResult, responseFacts, unansweredFacts } from './facts.ts';
import type { DnsMessage, DnsQuestion } from './message.ts';
import { createPairingCounters, type DnsPairingCounters } from './pairing-counters.ts';
import { type Group, groupOf, type Transaction } from './transaction.ts';
import { isSameQuestion, TransactionTable } from './transaction-table.ts';
import { createTransferGathering, type TransferGathering } from './transfer-gathering.ts';
import { createTruncationMemory, type TruncationMemory } from './truncation-memory.ts';

/** After this long a question counts as not answered. */
export const DNS_TIMEOUT_MS = 5000;
const DEFAULT_MAX_PENDING = 65_536;
/** How long ended questions are remembered, in timeouts: repeats and stragglers come within this. */
const REMEMBERED_TIMEOUTS = 3;
/** Questions of one message that are looked at. Resolvers send one. */
const MAX_QUESTIONS = 8;
const OPCODE_QUERY = 0;

export interface DnsPairingOptions<Asked> {
  /** What tells conversations apart: a socket or flow. */
  readonly keyOf: (conversation: Asked) => string | number;
  /** From the first query; default 5,000. */
  readonly timeoutMs?: number;
  /** Questions held, waiting and remembered; default 65,536. Beyond it new ones are refused and counted. */
  readonly maxPending?: number;
  /** `timeMs`: of the (first) response, when the time was up, or of the question where nothing came of it. */
  onResult(result: DnsResult, conversation: Asked, timeMs: number): void;
}

/** `Asked` stands for a conversation; results come with that of the query, or of the response when there was none. */
export interface DnsPairing<Asked> {
  /** One message of the conversation. `side` sent it. */
  message(conversation: Asked, side: Side, message: DnsMessage, timeMs: number): void;
  /** A multicast message: there is no one asker to pair it with; responses are reported as unasked. */
  multicast(conversation: Asked, message: DnsMessage, timeMs: number): void;
  /** Reports timeouts until `nowMs`. */
  tick(nowMs: number): void;
  /** Nothing more will come. What then still waits is neither answered nor timed out: reported as asked. */
  end(timeMs: number): void;
  /** Questions that wait. */
  readonly pending: number;
  readonly counters: DnsPairingCounters;
}

/**
 * Brings queries and responses together by socket, asking side, id and question. Every question asked is reported
 * once, as answered, as timed out or, at the end, as asked, whatever the rhythm of `tick`; repeats either way are counted.
 */
export function createDnsPairing<Asked>(options: DnsPairingOptions<Asked>): DnsPairing<Asked> {
  return new Pairing(options);
}

/** Where a message belongs. `group` is undefined for what is not paired. */
interface Place<Asked> {
  readonly conversation: Asked;
  readonly group: Group | undefined;
  readonly id: number;
  readonly timeMs: number;
}

class Pairing<Asked> implements DnsPairing<Asked> {
  readonly counters = createPairingCounters();
  readonly #timeoutMs: number;
  readonly #table: TransactionTable<Asked>;
  readonly #truncations: TruncationMemory;
  readonly #transfers: TransferGathering<Asked>;
  readonly #keyOf: (conversation: Asked) => string | number;
  readonly #onResult: DnsPairingOptions<Asked>['onResult'];

  constructor(options: DnsPairingOptions<Asked>) {
    const { timeoutMs = DNS_TIMEOUT_MS, maxPending = DEFAULT_MAX_PENDING } = options;
    this.#timeoutMs = timeoutMs;
    this.#table = new TransactionTable(maxPending);
    this.#truncations = createTruncationMemory(timeoutMs);
    this.#keyOf = options.keyOf;
    this.#onResult = (result, conversation, timeMs) => options.onResult(result, conversation, timeMs);
    this.#transfers = createTransferGathering({ idleMs: timeoutMs, onResult: this.#onResult });
  }

  get pending(): number {
    return this.#table.waiting;
  }

  message(conversation: Asked, side: Side, message: DnsMessage, timeMs: number): void {
    this.tick(timeMs);
    const { id, response } = message;
    if (message.opcode !== OPCODE_QUERY) {
      this.counters.otherOpcodes++;
      return;
    }
    // Either end may ask: two servers talk from port 53 to port 53.
    const asker = response === (side === 'client') ? 'server' : 'client';
    const group = groupOf(this.#keyOf(conversation), asker, id);
    if (response) this.#respond({ conversation, group, id, timeMs }, message);
    else this.#query({ conversation, group, id, timeMs }, message);
  }

  multicast(conversation: Asked, message: DnsMessage, timeMs: number): void {
    this.tick(timeMs);
    this.counters.multicast++;
    if (!message.response || message.opcode !== OPCODE_QUERY) return;
    this.counters.responses++;
    this.#reportUnasked(
      { conversation, group: undefined, id: message.id, timeMs },
      message.questions[0],
      message,
    );
  }

  tick(nowMs: number): void {
    const table = this.#table;
    const timeoutMs = this.#timeoutMs;
    for (let due = table.oldest; due && due.firstMs + timeoutMs <= nowMs; due = table.oldest)
      this.#timeOut(due);
    this.#transfers.tick(nowMs);
    const keptSinceMs = nowMs - REMEMBERED_TIMEOUTS * timeoutMs;
    for (let old = table.firstEnded; old && old.endedMs <= keptSinceMs; old = table.firstEnded)
      table.remove(old);
  }

  end(timeMs: number): void {
    this.tick(timeMs);
    const table = this.#table;
    this.#transfers.end();
    for (let left = table.oldest; left; left = table.oldest) this.#leaveOpen(left);
    for (let left = table.firstEnded; left; left = table.firstEnded) table.remove(left);
  }

  #query(place: Place<Asked> & { readonly group: Group }, message: DnsMessage): void {
    if (message.questions.length === 0) this.counters.emptyQueries++;
    for (const question of this.#questionsOf(message)) this.#ask(place, question);
  }

  #ask(place: Place<Asked> & { readonly group: Group }, question: DnsQuestion): void {
    const { conversation, group, id, timeMs } = place;
    this.counters.questions++;
    const known = this.#table.find(group, question);
    if (known?.state === 'waiting') {
      known.retries++;
      this.counters.retries++;
      return;
    }
    if (known !== undefined) this.#table.remove(known);
    const afterTruncation = this.#truncations.recall(this.#keyOf(conversation), id, question, timeMs);
    const opening = {
      conversation,
      group,
      id,
      question,
      firstMs: timeMs,
      afterTruncation,
      state: 'waiting',
    } as const;
    if (!this.#table.add(opening)) this.counters.refused++;
  }

  #respond(place: Place<Asked> & { readonly group: Group }, message: DnsMessage): void {
    if (message.transfer !== undefined && this.#continue(place, message)) return;
    this.counters.responses++;
    if (message.questions.length === 0) this.#respondById(place, message);
    for (const question of this.#questionsOf(message)) {
      const known = this.#table.find(place.group, question);
      if (known === undefined) this.#reportUnasked(place, question, message);
      else this.#answer(known, message, place.timeMs);
    }
  }

  /** Whether the message belongs to a zone transfer of which an earlier one was taken. */
  #continue({ group, timeMs }: Place<Asked> & { readonly group: Group }, message: DnsMessage): boolean {
    const isWord = message.transfer === 'cut';
    if (!this.#transfers.add(group, message, timeMs)) return isWord;
    if (isWord) return true;
    this.counters.responses++;
    this.counters.continued++;
    return true;
  }

  /** For responses without a question: when the id leaves no doubt. */
  #respondById(place: Place<Asked> & { readonly group: Group }, message: DnsMessage): void {
    const group = this.#table.group(place.group);
    const open = group.filter((known) => known.state === 'waiting');
    const [candidate] = open.length > 0 ? open : group;
    if (candidate === undefined) this.#reportUnasked(place, undefined, message);
    else if (open.length > 1) this.counters.ambiguous++;
    else this.#answer(candidate, message, place.timeMs);
  }

  #answer(known: Transaction<Asked>, message: DnsMessage, timeMs: number): void {
    // Time may step back in a capture, so that the oldest is not first in line.
    if (known.state === 'waiting' && timeMs - known.firstMs >= this.#timeoutMs) this.#timeOut(known);
    if (known.state !== 'waiting') {
      this.counters[known.state === 'late' ? 'late' : 'duplicates']++;
      return;
    }
    const conversation = this.#table.end(known, 'answered', timeMs) as Asked;
    this.counters.answered++;
    const { id, question, retries, afterTruncation } = known;
    if (message.truncated) this.#truncations.note(this.#keyOf(conversation), id, question, timeMs);
    const latencyMs = Math.max(0, timeMs - known.firstMs);
    const asked = { question, retries, afterTruncation, latencyMs, outcome: 'answered' } as const;
    this.#tell(message, asked, { conversation, group: known.group, id, timeMs });
  }

  #tell(message: DnsMessage, asked: AskedFacts, { conversation, group, timeMs }: Place<Asked>): void {
    if (message.transfer === 'more' && group !== undefined)
      this.#transfers.begin(group, { message, asked, conversation, timeMs });
    else this.#onResult(responseFacts(message, asked), conversation, timeMs);
  }

  #timeOut(due: Transaction<Asked>): void {
    const timeMs = due.firstMs + this.#timeoutMs;
    const conversation = this.#table.end(due, 'late', timeMs) as Asked;
    this.counters.timeouts++;
    this.#onResult(unansweredFacts('timeout', due), conversation, timeMs);
  }

  #leaveOpen(left: Transaction<Asked>): void {
    this.#table.remove(left);
    this.counters.undecided++;
    this.#onResult(unansweredFacts('asked', left), left.conversation as Asked, left.firstMs);
  }

  #reportUnasked(place: Place<Asked>, question: DnsQuestion | undefined, message: DnsMessage): void {
    const { conversation, group, id, timeMs } = place;
    this.counters.unasked++;
    if (question !== undefined && group !== undefined) {
      const rest = { firstMs: timeMs, afterTruncation: false, state: 'unasked' } as const;
      this.#table.add({ conversation: undefined, group, id, question, ...rest });
      if (message.truncated) this.#truncations.note(this.#keyOf(conversation), id, question, timeMs);
    }
    const asked = { question, retries: 0, afterTruncation: false, outcome: 'unasked' } as const;
    this.#tell(message, asked, place);
  }

  /** Without repeats, at most `MAX_QUESTIONS`. */
  #questionsOf({ questions }: DnsMessage): readonly DnsQuestion[] {
    if (questions.length < 2) return questions;
    const taken: DnsQuestion[] = [];
    for (const question of questions) {
      if (taken.length === MAX_QUESTIONS) break;
      if (!taken.some((other) => isSameQuestion(other, question))) taken.push(question);
    }
    this.counters.skippedQuestions += questions.length - taken.length;
    return taken;
  }
}
