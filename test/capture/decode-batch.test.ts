import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as layout from '../../src/capture/layout.gen.ts';
import { decode, type RecordWriter, recordWriter, writeText } from './records.ts';

const { RECORD_KIND } = layout;

describe('batches', () => {
  const three = (): RecordWriter => {
    const writer = recordWriter();
    for (let i = 0; i < 3; i++) writer.add(RECORD_KIND.EXIT, layout.SIZE_EXIT);
    return writer;
  };

  it('of nothing are nothing', () => {
    expect(decode(new ArrayBuffer(64), 0)).toEqual({ records: [], payloads: [], malformed: [], count: 0 });
  });

  it('are decoded in order', () => {
    const writer = three();
    writer.add(RECORD_KIND.UDP_SOCKET_CLOSED, layout.SIZE_UDP_SOCKET_CLOSED);
    const { records, count } = decode(writer.buffer, writer.size());
    expect(records.map((record) => record.kind)).toEqual([
      'process',
      'process',
      'process',
      'udp-socket-closed',
    ]);
    expect(count).toBe(4);
  });

  it('that are cut anywhere say so, after what came whole', () => {
    const writer = three();
    for (let bytes = 0; bytes <= writer.size(); bytes++) {
      const { records, malformed } = decode(writer.buffer, bytes);
      expect(records).toHaveLength(Math.floor(bytes / layout.SIZE_EXIT));
      expect(malformed).toHaveLength(bytes % layout.SIZE_EXIT === 0 ? 0 : 1);
    }
  });

  it.each([
    ['unknown kind', 77, layout.SIZE_EXIT],
    ['kind 0', 0, layout.SIZE_EXIT],
    ['size 0', RECORD_KIND.EXIT, 0],
    ['size of another kind', RECORD_KIND.EXIT, layout.SIZE_EXEC],
    ['enormous size', RECORD_KIND.EXIT, 0xffff_fff8],
  ])('with a record of %s are given up there', (_, kind, size) => {
    const writer = three();
    const at = 2 * layout.SIZE_EXIT;
    new DataView(writer.buffer).setUint16(at + layout.AT_HEAD_KIND, kind, true);
    new DataView(writer.buffer).setUint32(at + layout.AT_HEAD_SIZE, size, true);
    const { records, malformed, count } = decode(writer.buffer, writer.size());
    expect({ records: records.length, malformed, count }).toEqual({
      records: 2,
      malformed: [[kind, size]],
      count: 2,
    });
  });

  /** Payload excepted, as its size varies, and samples, which have a ring and a reader of their own. */
  const KINDS = Object.values(RECORD_KIND).filter(
    (kind) => kind !== RECORD_KIND.PAYLOAD && kind !== RECORD_KIND.SAMPLE,
  );
  const SIZES = [
    layout.SIZE_CONNECTION,
    layout.SIZE_CONNECTION_END,
    layout.SIZE_EXEC,
    layout.SIZE_EXEC_DETAIL,
    layout.SIZE_EXIT,
    layout.SIZE_UDP_SOCKET_CLOSED,
    layout.SIZE_STREAM_CLOSED,
  ];

  it('of arbitrary bytes never throw, and account for every record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        const buffer = new ArrayBuffer(4096);
        new Uint8Array(buffer).set(bytes);
        const { records, payloads, malformed, count } = decode(buffer, bytes.length);
        expect(records.length + payloads.length).toBe(count);
        expect(malformed.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of true heads over arbitrary bodies never throw', () => {
    const body = fc.record({
      kind: fc.nat({ max: KINDS.length - 1 }),
      bytes: fc.uint8Array({ minLength: 64, maxLength: 1616 }),
    });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 8 }), (bodies) => {
        const writer = recordWriter();
        for (const { kind, bytes } of bodies) {
          const size = SIZES[kind]!;
          writer.add(KINDS[kind]!, size, (record) =>
            writeText(record, layout.SIZE_HEAD, bytes.subarray(0, size - layout.SIZE_HEAD)),
          );
        }
        const { records, malformed } = decode(writer.buffer, writer.size());
        expect([records.length, malformed.length]).toEqual([bodies.length, 0]);
      }),
    );
  });
});
