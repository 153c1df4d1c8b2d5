import type { FlowCounters } from '../../../src/capture/replay/counters.ts';
import { createFlowTable, type FlowTableOptions } from '../../../src/capture/replay/flow-table.ts';
import type { ConversationFacts, Side } from '../../../src/model/conversation.ts';
import type { ConnectionEvent } from '../../../src/model/event.ts';
import { formatIp } from '../../../src/net/ip.ts';
import { createPacketDecoder } from '../../../src/net/packet/decode.ts';
import { BEGIN_NS, batchOf, type TimedPacket } from '../../support/capture-files.ts';

export const BEGIN_MS = Number(BEGIN_NS / 1_000_000n);

export interface Run {
  readonly events: readonly ConnectionEvent[];
  /** `phase` or `phase:reason`, in order. */
  readonly story: readonly string[];
  /** Every call to the outside as one line, in order; times are milliseconds from the begin of the script. */
  readonly log: readonly string[];
  readonly streams: Readonly<Record<Side, string>>;
  readonly counters: Readonly<FlowCounters>;
  readonly facts: readonly ConversationFacts[];
  /** Whether time never went backwards, in the events and in what the reader of each stream was told. */
  readonly isMonotonic: boolean;
}

export type RunOptions = Partial<FlowTableOptions> & { readonly finish?: boolean };

/** Internal: 192.0.2.0/24 and 2001:db8::/48. */
function isInternal({ family, w0, w1, w3 }: { family: number; w0: number; w1: number; w3: number }): boolean {
  return family === 4 ? w3 >>> 8 === 0xc00002 : w0 === 0x20010db8 && w1 >>> 16 === 0;
}

/** Sends packets through decoder and flow table and writes down what comes out. A gap shows as `<length>` in its stream. */
export function run(packets: readonly TimedPacket[], options: RunOptions = {}): Run {
  const events: ConnectionEvent[] = [];
  const log: string[] = [];
  const facts: ConversationFacts[] = [];
  const streams = { client: '', server: '' };
  const last = new Map<number | 'events', number>();
  let isMonotonic = true;
  const stamp = (timeMs: number, of: number | 'events'): string => {
    isMonotonic &&= timeMs >= (last.get(of) ?? 0);
    last.set(of, timeMs);
    return `@${Math.round((timeMs - BEGIN_MS) * 1000) / 1000}`;
  };
  const { finish = true, ...given } = options;
  const table = createFlowTable({
    isInternal,
    onConnection: (event) => {
      events.push(event);
      log.push(
        `${event.phase}${event.reason === undefined ? '' : `:${event.reason}`} #${event.socketId} ${stamp(event.timeMs, 'events')}`,
      );
    },
    openStream: (opened) => {
      facts.push(opened);
      log.push(`open #${opened.socketId}`);
      return {
        data: (side, bytes, timeMs) => {
          const text = new TextDecoder('latin1').decode(bytes);
          streams[side] += text;
          log.push(`${side} #${opened.socketId} ${text} ${stamp(timeMs, opened.socketId)}`);
        },
        gap: (side, length, aligned, timeMs) => {
          streams[side] += `<${length}>`;
          log.push(`${side} #${opened.socketId} gap ${length} ${aligned} ${stamp(timeMs, opened.socketId)}`);
        },
        end: (timeMs, reset) =>
          log.push(`end #${opened.socketId} ${reset ? 'reset ' : ''}${stamp(timeMs, opened.socketId)}`),
      };
    },
    onDatagram: (about, side, bytes, timeMs, missing) => {
      facts.push(about);
      const text = new TextDecoder('latin1').decode(bytes);
      log.push(
        `${side} #${about.socketId} datagram ${text}${missing > 0 ? ` -${missing}` : ''} ${stamp(timeMs, about.socketId)}`,
      );
    },
    ...given,
  });
  const decoder = createPacketDecoder();
  const batch = batchOf(packets);
  for (let i = 0; i < batch.count; i++) if (decoder.decode(batch, i)) table.packet(decoder.view);
  if (finish) table.finish();
  const story = events.map(({ phase, reason }) => (reason === undefined ? phase : `${phase}:${reason}`));
  return { events, story, log, streams, counters: table.counters, facts, isMonotonic };
}

/** `client>server` ends of an event, from its own view. */
export function endsOf({ local, remote }: ConnectionEvent | ConversationFacts): string {
  return `${formatIp(local.ip)}:${local.port} ${formatIp(remote.ip)}:${remote.port}`;
}
