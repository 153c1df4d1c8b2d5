import { type PacketView, TCP_FLAG } from '../../net/packet/packet-view.ts';
import { sniffService } from '../../protocols/service-sniff.ts';
import { isUnrecognised } from '../../protocols/sniff.ts';
import type { FlowCounters } from './counters.ts';
import type { Flow } from './flow.ts';
import { ahead, type Half, NO_PIECES, type Piece, plus, startHalf } from './half.ts';
import { storePieces } from './pieces.ts';

/** A segment or acknowledgment further away than this belongs to another connection, or is forged. */
const MAX_DISTANCE = 2 ** 30;
const MAX_PIECES = 4096;

export interface ReassemblyLimits {
  /** Bytes that one direction of a flow may hold back behind a hole. Default 4 MiB. */
  readonly maxBufferedPerStream?: number;
  /** The same for all flows together. Default 64 MiB. */
  readonly maxBuffered?: number;
}

/** Puts the segments of a direction in order and gives them to the flow's consumer. */
export interface Reassembler {
  /** The payload in `view`. */
  receive(flow: Flow, half: Half, view: PacketView): void;
  /** The other side has acknowledged all bytes of this direction before `ack`. */
  acknowledge(flow: Flow, half: Half, ack: number): void;
  /** The last byte of this direction is before `finAt`. */
  fin(flow: Flow, half: Half, finAt: number): void;
  /** The flow ends: gives what waits behind holes. */
  flush(flow: Flow, half: Half): void;
}

export interface ReassemblerOptions extends ReassemblyLimits {
  readonly counters: FlowCounters;
  /** Asks for the consumer of a flow, once, with its first byte. */
  readonly open: (flow: Flow) => void;
  readonly nowMs: () => number;
}

export function createReassembler(options: ReassemblerOptions): Reassembler {
  const { counters, open, nowMs, maxBufferedPerStream = 4 << 20, maxBuffered = 64 << 20 } = options;
  let heldBytes = 0;

  function give(flow: Flow, half: Half, bytes: Uint8Array): void {
    if (flow.consumer === undefined) return;
    if (half.side === 'client' && half.startKnown && !half.startTold)
      flow.isUnrecognised = isUnrecognised(bytes);
    tellStart(flow, half);
    if (flow.spokenLooks > 0) {
      flow.spokenLooks -= 1;
      flow.spoken ??= sniffService(half.side, bytes);
    }
    flow.consumer.data(half.side, bytes, nowMs());
    if (flow.consumer.isDone === true) flow.consumer = undefined;
  }
  /** A stream that was joined in the middle begins with a gap of unknown length. */
  function tellStart(flow: Flow, half: Half): void {
    if (half.startTold) return;
    half.startTold = true;
    if (!half.startKnown) flow.consumer?.gap(half.side, 0, false, nowMs());
  }
  function skipTo(flow: Flow, half: Half, place: number): void {
    const length = ahead(place, half.next);
    if (!flow.opened) open(flow);
    counters.gaps++;
    counters.gapBytes += length;
    half.next = place;
    if (flow.consumer === undefined) return;
    tellStart(flow, half);
    flow.consumer.gap(half.side, length, false, nowMs());
  }
  /** Gives the pieces that have nothing missing before them any more. */
  function drain(flow: Flow, half: Half): void {
    const { pieces } = half;
    let done = 0;
    for (; done < pieces.length; done++) {
      const { start, length, bytes } = pieces[done] as Piece;
      if (start !== half.next) break;
      half.next = plus(start, length);
      if (bytes === undefined) continue;
      half.buffered -= length;
      heldBytes -= length;
      give(flow, half, bytes);
    }
    if (done === pieces.length) half.pieces = NO_PIECES;
    else if (done > 0) pieces.splice(0, done);
  }
  /** What the other side has acknowledged and we have not seen will not come any more. */
  function catchUp(flow: Flow, half: Half): void {
    if (!half.hasAck) return;
    const limit = acknowledgedBytes(half);
    raiseTop(half, limit);
    while (ahead(limit, half.next) > 0) {
      const first = half.pieces[0];
      skipTo(flow, half, first !== undefined && ahead(first.start, limit) < 0 ? first.start : limit);
      drain(flow, half);
    }
  }
  function giveUpHoles(flow: Flow, half: Half): void {
    while (half.pieces.length > 0) {
      const isWithin =
        half.buffered <= maxBufferedPerStream && heldBytes <= maxBuffered && half.pieces.length <= MAX_PIECES;
      if (isWithin) return;
      skipTo(flow, half, (half.pieces[0] as Piece).start);
      drain(flow, half);
    }
  }
  /** Bytes that are new; gives them at once when they are next in line. */
  function place(flow: Flow, half: Half, view: PacketView): number {
    const seq = payloadSeq(view);
    const passed = Math.max(0, ahead(half.next, seq));
    const at = view.at + passed;
    if (at >= view.end) return 0;
    const start = plus(seq, passed);
    if (start === half.next && half.pieces.length === 0) {
      half.next = plus(start, view.end - at);
      if (flow.consumer !== undefined) give(flow, half, view.bytes.subarray(at, view.end));
      return view.end - at;
    }
    const before = half.buffered;
    const segment = { bytes: view.bytes, at, end: view.end, seq: start };
    const { added, conflict } = storePieces(half, segment, flow.consumer !== undefined);
    heldBytes += half.buffered - before;
    if (conflict) counters.conflicts++;
    drain(flow, half);
    catchUp(flow, half);
    giveUpHoles(flow, half);
    return added;
  }

  return {
    receive(flow, half, view) {
      const seq = payloadSeq(view);
      if (!half.started) startHalf(half, seq, false);
      const length = clip(half, view);
      const end = plus(seq, length);
      if (Math.abs(ahead(seq, half.next)) > MAX_DISTANCE || length <= 0) {
        counters.outOfWindow++;
        return;
      }
      if (!flow.opened) open(flow);
      const advanced = raiseTop(half, end);
      const added = place(flow, half, view);
      if (advanced || added > 0 || (length === 1 && isProbe(flow, half, end))) return;
      half.retransmits++;
    },
    acknowledge(flow, half, ack) {
      if (!half.started) startHalf(half, ack, false);
      if (Math.abs(ahead(ack, half.next)) > MAX_DISTANCE) {
        counters.outOfWindow++;
        return;
      }
      if (half.hasAck && ahead(ack, half.acked) <= 0) return;
      half.acked = ack;
      half.hasAck = true;
      if (ack !== half.next) catchUp(flow, half);
    },
    fin(flow, half, finAt) {
      if (!half.started) startHalf(half, finAt, false);
      const distance = ahead(finAt, half.next);
      if (half.hasFin) return;
      if (distance < 0 || distance > MAX_DISTANCE || ahead(finAt, half.top) < 0) {
        counters.outOfWindow++;
        return;
      }
      half.hasFin = true;
      half.finAt = finAt;
      raiseTop(half, finAt);
      catchUp(flow, half);
    },
    flush(flow, half) {
      while (half.pieces.length > 0) {
        skipTo(flow, half, (half.pieces[0] as Piece).start);
        drain(flow, half);
      }
      if (half.started && ahead(half.top, half.next) > 0) skipTo(flow, half, half.top);
    },
  };
}

/** Number of the first byte; in a SYN (TCP Fast Open) it comes behind that of the SYN. */
export function payloadSeq({ seq, flags }: PacketView): number {
  return (flags & TCP_FLAG.syn) === 0 ? seq : plus(seq, 1);
}

/** Takes off what is behind the FIN; gives the length of the rest on the wire, 0 or less when nothing is left. */
function clip({ hasFin, finAt }: Half, view: PacketView): number {
  const length = view.wireEnd - view.at;
  if (!hasFin) return length;
  const room = Math.min(length, ahead(finAt, payloadSeq(view)));
  view.end = Math.min(view.end, view.at + Math.max(0, room));
  return room;
}

function raiseTop(half: Half, place: number): boolean {
  const more = ahead(place, half.top);
  if (more <= 0) return false;
  half.bytes += more;
  half.top = place;
  return true;
}

/**
 * How far the acknowledgment reaches into the bytes of the stream. One number behind the last byte seen is most
 * likely a FIN that was not captured, so it is no gap until a byte behind it says so.
 */
function acknowledgedBytes({ acked, hasFin, finAt, top }: Half): number {
  if (hasFin) return ahead(acked, finAt) > 0 ? finAt : acked;
  return ahead(acked, top) === 1 ? top : acked;
}

/** Keep-alives repeat an acknowledged byte; probes of a closed window repeat the one behind it. */
function isProbe({ client, server }: Flow, half: Half, end: number): boolean {
  const other = half === client ? server : client;
  return other.window === 0 || (half.hasAck && ahead(half.acked, end) >= 0);
}
