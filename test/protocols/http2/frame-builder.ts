import type { HeaderField } from '../../../src/model/conversation.ts';
import { FLAG, FRAME, PREFACE } from '../../../src/protocols/http2/frames.ts';
import { literalString } from './hpack-encoder.ts';

export const { endStream, endHeaders, padded, priority, ack } = FLAG;

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: ArrayLike<number> = [],
): Uint8Array {
  const { length } = payload;
  const header = [length >> 16, (length >> 8) & 255, length & 255, type, flags];
  const id = [streamId >>> 24, (streamId >> 16) & 255, (streamId >> 8) & 255, streamId & 255];
  return Uint8Array.from([...header, ...id, ...Array.from(payload)]);
}

/** A header block of literals that leave no trace in the table. */
export function block(fields: readonly HeaderField[]): number[] {
  return fields.flatMap(([name, value]) => [
    0,
    ...literalString(name, false),
    ...literalString(value, false),
  ]);
}

/** A header block of literals that are all inserted into the table. */
export function insertingBlock(fields: readonly HeaderField[]): number[] {
  return fields.flatMap(([name, value]) => [
    0x40,
    ...literalString(name, false),
    ...literalString(value, false),
  ]);
}

export const request = (path: string, ...more: HeaderField[]): HeaderField[] => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'example.com'],
  ...more,
];
export const status = (code: number, ...more: HeaderField[]): HeaderField[] => [
  [':status', String(code)],
  ...more,
];

export const headers = (
  streamId: number,
  fields: readonly HeaderField[],
  flags: number = endHeaders,
): Uint8Array => frame(FRAME.headers, flags, streamId, block(fields));
export const data = (streamId: number, length: number, flags = 0): Uint8Array =>
  frame(FRAME.data, flags, streamId, new Uint8Array(length));
export const settings = (...pairs: (readonly [number, number])[]): Uint8Array =>
  frame(
    FRAME.settings,
    0,
    0,
    pairs.flatMap(([id, value]) => [
      0,
      id,
      value >>> 24,
      (value >> 16) & 255,
      (value >> 8) & 255,
      value & 255,
    ]),
  );
export const settingsAck = (): Uint8Array => frame(FRAME.settings, ack, 0);
export const reset = (streamId: number, code: number): Uint8Array =>
  frame(FRAME.rstStream, 0, streamId, [code >>> 24, (code >> 16) & 255, (code >> 8) & 255, code & 255]);
export const goAway = (lastId: number, code = 0): Uint8Array =>
  frame(FRAME.goaway, 0, 0, [
    lastId >>> 24,
    (lastId >> 16) & 255,
    (lastId >> 8) & 255,
    lastId & 255,
    0,
    0,
    0,
    code,
  ]);

export const opening = (): Uint8Array => join(PREFACE, settings());

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A gRPC message in its frame. */
export const message = (length: number): number[] => [
  0,
  0,
  0,
  length >> 8,
  length & 255,
  ...new Uint8Array(length),
];
