import type { Conversation } from './conversation.ts';

/** `unsettledAt` of a conversation that is not in the list. */
export const SETTLED = -1;

/** Conversations that opened lately. Each knows its place: most of them end, and leave, long before the list is looked through. */
export class Unsettled {
  readonly #list: Conversation[] = [];

  add(conversation: Conversation): void {
    if (conversation.unsettledAt !== SETTLED) return;
    conversation.unsettledAt = this.#list.length;
    this.#list.push(conversation);
  }

  /** False when it was not in the list. */
  remove(conversation: Conversation): boolean {
    const at = conversation.unsettledAt;
    if (at === SETTLED) return false;
    conversation.unsettledAt = SETTLED;
    const last = this.#list.pop();
    if (last === undefined || last === conversation) return true;
    this.#list[at] = last;
    last.unsettledAt = at;
    return true;
  }

  /** One of them; undefined when there is none. */
  one(): Conversation | undefined {
    return this.#list.at(-1);
  }
}
