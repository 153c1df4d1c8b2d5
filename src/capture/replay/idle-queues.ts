import { type Flow, isClosing } from './flow.ts';

/** Each flow is in one queue; a queue is in order of the last packet. */
export const QUEUE = { attempted: 0, open: 1, closing: 2, ended: 3, udp: 4, doubtful: 5 } as const;

/** Virtual milliseconds without a packet until a flow of the queue is over. */
export const IDLE_MS: readonly number[] = [
  // An attempt without an answer: Linux repeats its SYN at most 32 s apart, gives up after 127 s.
  60_000,
  // An open TCP connection.
  3_600_000,
  // Both sides have said FIN, the last acknowledgment is missing.
  60_000,
  // Over, and remembered for late packets.
  10_000,
  // A UDP conversation, as the live side has it.
  60_000,
  // Since a doubtful reset there was nothing, not even the answer that it asks for.
  10_000,
];

/** The queue of a TCP connection that is not over. */
export function queueOf(flow: Flow): number {
  if (flow.state === 'attempted') return QUEUE.attempted;
  return isClosing(flow) ? QUEUE.closing : QUEUE.open;
}

/** Least recently used flows, by kind of time-out. */
export interface IdleQueues {
  /** Puts a flow at the young end of a queue. */
  touch(flow: Flow, queue: number, nowMs: number): void;
  remove(flow: Flow): void;
  /** The flow whose time is up first, when it is up before `nowMs`; undefined when none is. */
  due(nowMs: number): Flow | undefined;
  /** The flow that is missed least: one that is over, else the one idle longest. */
  oldest(): Flow | undefined;
  all(): Flow[];
}

export function createIdleQueues(): IdleQueues {
  const oldest: (Flow | undefined)[] = IDLE_MS.map(() => undefined);
  const newest: (Flow | undefined)[] = IDLE_MS.map(() => undefined);
  /** No flow is due before; a bound from below, as packets only move deadlines further out. */
  const next = { dueMs: Number.POSITIVE_INFINITY };

  function remove(flow: Flow): void {
    const { queue, older, newer } = flow;
    if (queue < 0) return;
    if (older === undefined) oldest[queue] = newer;
    else older.newer = newer;
    if (newer === undefined) newest[queue] = older;
    else newer.older = older;
    flow.queue = -1;
    flow.older = flow.newer = undefined;
  }
  function earliest(): Flow | undefined {
    let first: Flow | undefined;
    next.dueMs = Number.POSITIVE_INFINITY;
    for (const head of oldest) {
      if (head === undefined || deadline(head) >= next.dueMs) continue;
      first = head;
      next.dueMs = deadline(head);
    }
    return first;
  }

  return {
    remove,
    touch(flow, queue, nowMs) {
      flow.lastMs = nowMs;
      next.dueMs = Math.min(next.dueMs, nowMs + (IDLE_MS[queue] as number));
      if (flow.queue === queue && flow.newer === undefined) return;
      remove(flow);
      const last = newest[queue];
      flow.queue = queue;
      flow.older = last;
      newest[queue] = flow;
      if (last === undefined) oldest[queue] = flow;
      else last.newer = flow;
    },
    due(nowMs) {
      if (nowMs < next.dueMs) return undefined;
      const first = earliest();
      return first !== undefined && deadline(first) <= nowMs ? first : undefined;
    },
    oldest() {
      if (oldest[QUEUE.ended] !== undefined) return oldest[QUEUE.ended];
      let first: Flow | undefined;
      for (const head of oldest) {
        if (head !== undefined && (first === undefined || head.lastMs < first.lastMs)) first = head;
      }
      return first;
    },
    all() {
      const flows: Flow[] = [];
      for (const head of oldest)
        for (let flow = head; flow !== undefined; flow = flow.newer) flows.push(flow);
      return flows;
    },
  };
}

export function deadline({ lastMs, queue }: Flow): number {
  return lastMs + (IDLE_MS[queue] as number);
}
