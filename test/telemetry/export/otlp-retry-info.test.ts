import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retryAfterOf } from '../../../src/telemetry/export/otlp-retry-info.ts';

const errorWith = (details: Uint8Array) => ({
  metadata: { get: (key: string) => (key === 'grpc-status-details-bin' ? [details] : []) },
});
const URL = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
const message = (tag: number, bytes: Uint8Array) => Buffer.from([tag, bytes.length, ...bytes]);
const retryInfo = (duration: readonly number[], url: Uint8Array = URL) =>
  message(26, Buffer.concat([message(10, url), message(18, message(10, Buffer.from(duration)))]));

it.each([
  ['seconds', retryInfo([8, 30]), 30_000],
  ['seconds and nanoseconds', retryInfo([8, 1, 16, 0x80, 0xca, 0xb5, 0xee, 0x01]), 1_500],
  ['a day: no more than five minutes', retryInfo([8, 0x80, 0xa3, 0x05]), 300_000],
  ['nothing: at once', retryInfo([]), 0],
  [
    'something behind other details',
    Buffer.concat([retryInfo([8, 9], Buffer.from('x')), retryInfo([8, 2])]),
    2_000,
  ],
  [
    'other details only',
    retryInfo([8, 9], Buffer.from('type.googleapis.com/google.rpc.DebugInfo')),
    undefined,
  ],
  ['a length beyond the end', Buffer.from([26, 100, 10]), undefined],
  ['an endless number', Buffer.alloc(20, 0xff), undefined],
])('%s', (_what, details, expected) => {
  expect(retryAfterOf(errorWith(details))).toBe(expected);
});

it.each([
  [undefined],
  [null],
  [new Error('x')],
  [{ metadata: undefined }],
  [{ metadata: { get: () => ['text'] } }],
])('an error without details: %s', (error) => {
  expect(retryAfterOf(error)).toBeUndefined();
});

it('never throws, and never asks for more than five minutes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (details) => {
      expect(retryAfterOf(errorWith(details)) ?? 0).toBeLessThanOrEqual(300_000);
    }),
  );
});
