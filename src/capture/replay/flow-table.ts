import { randomInt } from 'node:crypto';
import type { ConversationFacts, StreamConsumer } from '../../model/conversation.ts';
import type { ConnectionEvent } from '../../model/event.ts';
import type { IpAddress } from '../../model/ip-address.ts';
import { IP_PROTOCOL, type PacketView } from '../../net/packet/packet-view.ts';
import { createFlowCounters, type FlowCounters } from './counters.ts';
import { createFlowMaker, looksLikeReply } from './create-flow.ts';
import { type Flow, isFromClient } from './flow.ts';
import type { DatagramHandler, FlowContext, Outcome } from './flow-context.ts';
import { endedEvent, factsOf } from './flow-events.ts';
import { createFlowIndex } from './flow-index.ts';
import { trackIcmpError } from './icmp-tracker.ts';
import { createIdleQueues, deadline, QUEUE } from './idle-queues.ts';
import { createReassembler, type ReassemblyLimits } from './reassembler.ts';
import { joinTcp, tellJoined } from './tcp-joining.ts';
import { type Beginning, beginningOf, beginsAnew } from './tcp-opening.ts';
import { beginWithAnswer, outcomeOfSilence, outcomeUnseen, trackTcp } from './tcp-tracker.ts';
import { trackUdp } from './udp-tracker.ts';

export interface FlowTableOptions extends ReassemblyLimits {
  /** Conversations held at one time; the one idle longest is given up for a new one. Default 131,072. */
  readonly maxFlows?: number;
  /** Addresses of "this side": a server among them whose client is not gives events the server's view. */
  readonly isInternal: (ip: IpAddress) => boolean;
  readonly onConnection: (event: ConnectionEvent) => void;
  /** Asked with the first byte of each TCP connection; undefined when nobody wants its bytes. */
  readonly openStream: (facts: ConversationFacts) => StreamConsumer | undefined;
  /** Asked with the first datagram of a conversation. Default: all are read. */
  readonly readsDatagrams?: (facts: ConversationFacts) => boolean;
  readonly onDatagram: DatagramHandler;
}

/** Follows conversations. The same packets in the same order give the same calls. */
export interface FlowTable {
  readonly counters: Readonly<FlowCounters>;
  /** Virtual time, epoch milliseconds: that of the newest packet so far. */
  readonly nowMs: number;
  /** Takes the packet of a decoder. */
  packet(view: PacketView): void;
  /** Time passes: there was a frame that is no packet for the table. */
  advance(timeMs: number): void;
  /** Ends all conversations, oldest first. */
  finish(): void;
}

const DEFAULT_MAX_FLOWS = 131_072;

export function createFlowTable(options: FlowTableOptions): FlowTable {
  const { maxFlows = DEFAULT_MAX_FLOWS, onConnection, openStream } = options;
  const counters = createFlowCounters();
  const index = createFlowIndex(randomInt(2 ** 31));
  const queues = createIdleQueues();
  const maker = createFlowMaker(options.isInternal);
  // A field and no variable: writing a captured variable allocates a number for each packet.
  const clock = { nowMs: 0 };
  const now = (): number => clock.nowMs;
  const reassembler = createReassembler({ ...options, counters, open, nowMs: now });
  const context: FlowContext = {
    counters,
    reassembler,
    nowMs: now,
    emit: onConnection,
    readsDatagrams: options.readsDatagrams ?? (() => true),
    onDatagram: options.onDatagram,
    touch: (flow, queue) => queues.touch(flow, queue, clock.nowMs),
    turn: (flow) => maker.turn(flow),
    end,
  };

  function open(flow: Flow): void {
    flow.opened = true;
    flow.facts = factsOf(flow);
    flow.consumer = openStream(flow.facts);
  }
  function end(flow: Flow, outcome: Outcome): void {
    report(flow, outcome, clock.nowMs);
    flow.state = 'ended';
    queues.touch(flow, flow.transport === 'udp' ? QUEUE.udp : QUEUE.ended, clock.nowMs);
  }
  function report(flow: Flow, { phase, reason }: Outcome, untilMs: number): void {
    if (flow.looks > 0) tellJoined(context, flow);
    const { nowMs } = clock;
    const endMs = flow.doubt?.timeMs;
    // For who reads the streams, the connection ended with the reset, however long it was in doubt.
    clock.nowMs = endMs ?? nowMs;
    reassembler.flush(flow, flow.client);
    reassembler.flush(flow, flow.server);
    flow.consumer?.end(clock.nowMs, reason === 'reset' || reason === 'aborted');
    flow.consumer = undefined;
    clock.nowMs = nowMs;
    onConnection(endedEvent(flow, { phase, reason, timeMs: nowMs, untilMs: endMs ?? untilMs }));
  }
  function forget(flow: Flow): void {
    queues.remove(flow);
    index.remove(flow);
    maker.reuse(flow);
    counters.active--;
  }
  function begin(view: PacketView, { isReply, isGuess }: Beginning): Flow {
    if (counters.active >= maxFlows) evict();
    const flow = maker.begin(view, { id: ++counters.flows, nowMs: clock.nowMs, isReply, isGuess });
    index.add(flow);
    counters.active++;
    return flow;
  }
  function evict(): void {
    const flow = queues.oldest();
    if (flow === undefined) return;
    if (flow.state !== 'ended') {
      counters.evicted++;
      report(flow, outcomeUnseen(flow), flow.lastMs);
    }
    forget(flow);
  }
  /** Moves the clock to the next packet; what ends on the way ends at its own time. */
  function advance(timeMs: number): void {
    if (timeMs < clock.nowMs) counters.timeReversals++;
    const target = Math.max(clock.nowMs, timeMs);
    for (let flow = queues.due(target); flow !== undefined; flow = queues.due(target)) {
      clock.nowMs = Math.max(clock.nowMs, deadline(flow));
      expire(flow);
    }
    clock.nowMs = target;
  }
  function expire(flow: Flow): void {
    if (flow.state === 'ended') {
      forget(flow);
      return;
    }
    const outcome = outcomeOfSilence(flow);
    const untilMs = outcome.phase === 'failed' ? clock.nowMs : flow.lastMs;
    if (flow.transport === 'udp') {
      report(flow, outcome, untilMs);
      forget(flow);
      return;
    }
    report(flow, outcome, untilMs);
    flow.state = 'ended';
    context.touch(flow, QUEUE.ended);
  }

  function tcp(view: PacketView): void {
    let flow = index.find(view);
    if (flow !== undefined) {
      if (beginsAnew(flow, view, isFromClient(flow, view))) {
        if (flow.state !== 'ended') report(flow, replaced(flow), clock.nowMs);
        forget(flow);
        flow = undefined;
      } else if (flow.state === 'ended') {
        counters.afterEnd++;
        return;
      }
    }
    flow ??= beginTcp(view);
    if (flow !== undefined) trackTcp(context, flow, view);
  }
  function beginTcp(view: PacketView): Flow | undefined {
    const beginning = beginningOf(view);
    if (beginning === undefined) {
      counters.strays++;
      return undefined;
    }
    const flow = begin(view, beginning);
    if (beginning.isGuess) joinTcp(context, flow, view);
    else if (beginning.isReply) beginWithAnswer(context, flow);
    return flow;
  }
  function udp(view: PacketView): void {
    const flow = index.find(view) ?? begin(view, { isReply: looksLikeReply(view), isGuess: false });
    trackUdp(context, flow, view);
  }
  function icmp(view: PacketView): void {
    const flow = view.hasQuote ? index.find(view.quoted) : undefined;
    if (flow !== undefined && flow.state !== 'ended') trackIcmpError(context, flow, view);
  }

  return {
    counters,
    get nowMs() {
      return clock.nowMs;
    },
    packet(view) {
      counters.packets++;
      advance(view.timeMs);
      if (view.protocol === IP_PROTOCOL.tcp) tcp(view);
      else if (view.protocol === IP_PROTOCOL.udp) udp(view);
      else icmp(view);
    },
    advance,
    finish() {
      const flows = queues.all().sort((a, b) => a.id - b.id);
      for (const flow of flows) {
        if (flow.state !== 'ended') report(flow, outcomeUnseen(flow), clock.nowMs);
        forget(flow);
      }
    },
  };
}

/** The old connection of ports that are used again: an attempt came to nothing, an open one ended unseen. */
function replaced(flow: Flow): Outcome {
  return flow.state === 'attempted' ? { phase: 'failed', reason: 'unknown' } : outcomeUnseen(flow);
}
