import * as layout from '../../../src/capture/layout.gen.ts';
import { DIRECTION, PIECE, RECORD_KIND } from '../../../src/capture/layout.gen.ts';
import { PayloadView } from '../../../src/capture/payload-view.ts';
import { viewOf } from '../../../src/capture/record-view.ts';
import type { Side, StreamConsumer } from '../../../src/model/conversation.ts';
import { EPOCH_OFFSET_MS, recordWriter, writeOwner, writeText } from '../records.ts';

export interface PieceFields {
  readonly text?: string;
  readonly seq?: number;
  readonly ordinal?: number;
  readonly passed?: number;
  readonly flags?: number;
  readonly direction?: 0 | 1;
  readonly socketId?: number;
  readonly timeMs?: number;
  readonly role?: number;
  readonly protocol?: number;
  readonly localPort?: number;
  readonly remotePort?: number;
  readonly attribution?: number;
}

export const { SENT, RECEIVED } = DIRECTION;
export { PIECE };

function write(record: DataView, fields: PieceFields): void {
  const {
    text = '',
    seq = 0,
    ordinal = 0,
    passed = 0,
    flags = 0,
    direction = SENT,
    socketId = 7,
    timeMs = 0,
  } = fields;
  const { role = 1, protocol = 6, localPort = 51_000, remotePort = 80, attribution = 1 } = fields;
  const tuple = layout.AT_PAYLOAD_TUPLE;
  record.setBigUint64(layout.AT_HEAD_TIME_NS, BigInt(Math.round(timeMs * 1e6)), true);
  record.setUint32(tuple + layout.AT_TUPLE_LOCAL_IP + 12, 0xc0000207, true);
  record.setUint32(tuple + layout.AT_TUPLE_REMOTE_IP + 12, 0xc6336405, true);
  record.setUint16(tuple + layout.AT_TUPLE_LOCAL_PORT, localPort, true);
  record.setUint16(tuple + layout.AT_TUPLE_REMOTE_PORT, remotePort, true);
  record.setUint8(tuple + layout.AT_TUPLE_FAMILY, 4);
  record.setUint8(tuple + layout.AT_TUPLE_PROTOCOL, protocol);
  record.setUint8(tuple + layout.AT_TUPLE_ROLE, role);
  writeOwner(record, layout.AT_PAYLOAD_OWNER);
  record.setBigUint64(layout.AT_PAYLOAD_COOKIE, BigInt(socketId), true);
  record.setUint32(layout.AT_PAYLOAD_SEQ, seq >>> 0, true);
  record.setUint32(layout.AT_PAYLOAD_LENGTH, text.length, true);
  record.setUint32(layout.AT_PAYLOAD_PASSED, passed, true);
  record.setUint32(layout.AT_PAYLOAD_ORDINAL, ordinal, true);
  record.setUint8(layout.AT_PAYLOAD_DIRECTION, direction);
  record.setUint8(layout.AT_PAYLOAD_ATTRIBUTION, attribution);
  record.setUint8(layout.AT_PAYLOAD_FLAGS, flags);
  writeText(record, layout.SIZE_PAYLOAD, Buffer.from(text, 'latin1'));
}

/** A piece as the kernel side ships it. */
export function piece(fields: PieceFields): PayloadView {
  const writer = recordWriter();
  const size = (layout.SIZE_PAYLOAD + (fields.text ?? '').length + 7) & ~7;
  writer.add(RECORD_KIND.PAYLOAD, size, (record) => write(record, fields));
  const view = new PayloadView();
  view.set(viewOf(writer.buffer), 0, EPOCH_OFFSET_MS);
  return view;
}

/** A consumer that writes down what it is told: bytes as they are, gaps as `<5>` or, aligned, `<5|>`. */
export interface Notes {
  readonly consumer: StreamConsumer;
  readonly text: Record<Side, string>;
  readonly ends: string[];
}

export function notes(): Notes {
  const text = { client: '', server: '' };
  const ends: string[] = [];
  return {
    text,
    ends,
    consumer: {
      data: (side, bytes) => {
        text[side] += Buffer.from(bytes).toString('latin1');
      },
      gap: (side, length, aligned) => {
        text[side] += `<${length}${aligned ? '|' : ''}>`;
      },
      end: (_timeMs, reset) => {
        ends.push(reset ? 'reset' : 'closed');
      },
    },
  };
}
