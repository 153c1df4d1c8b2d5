import { describe, expect, test } from 'vitest';
import type { StreamConsumer } from '../../src/model/conversation.ts';
import { createStreamRouter } from '../../src/protocols/router.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const REQUEST = 'GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n';

/** Notes every call that reaches it. */
function recorder() {
  const calls: string[] = [];
  const consumer: StreamConsumer = {
    data: (side, data, timeMs) => void calls.push(`${side} ${String.fromCharCode(...data)} @${timeMs}`),
    gap: (side, length, aligned, timeMs) => void calls.push(`gap ${side} ${length} ${aligned} @${timeMs}`),
    end: (timeMs, reset) => void calls.push(`end ${reset} @${timeMs}`),
  };
  return { calls, consumer };
}

describe('routing a stream', () => {
  test.each(Array.from({ length: REQUEST.length - 1 }, (_, at) => at + 1))(
    'split behind byte %i: the reader gets every byte once, in order',
    (at) => {
      const { calls, consumer } = recorder();
      const opened: string[] = [];
      const router = createStreamRouter(80, (protocol) => {
        opened.push(protocol);
        return consumer;
      });
      router.data('client', bytes(REQUEST.slice(0, at)), 1);
      router.data('client', bytes(REQUEST.slice(at)), 2);
      router.end(3, false);
      expect(opened).toEqual(['http1']);
      expect(calls).toEqual([
        `client ${REQUEST.slice(0, at)} @1`,
        `client ${REQUEST.slice(at)} @2`,
        'end false @3',
      ]);
    },
  );

  test('keeps its own copy of what it holds back', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(80, () => consumer);
    const reused = bytes('GET');
    router.data('client', reused, 1);
    reused.fill(0);
    router.data('client', bytes(' / HTTP/1.1\r\n'), 2);
    expect(calls[0]).toBe('client GET @1');
  });

  test('hands on a gap that came before the first byte', () => {
    const { calls, consumer } = recorder();
    const router = createStreamRouter(80, () => consumer);
    router.gap('client', 0, false, 1);
    router.data('server', bytes('HTTP/1.1 200 OK\r\n'), 2);
    expect(calls).toEqual(['gap client 0 false @1', 'server HTTP/1.1 200 OK\r\n @2']);
  });

  test('a stream that nobody reads costs nothing, and one that ends early is unknown', () => {
    const opened: string[] = [];
    const router = createStreamRouter(22, (protocol) => void opened.push(protocol));
    router.data('client', bytes('SSH-2.0'), 1);
    router.end(2, true);
    router.data('client', bytes('late'), 3);
    expect(opened).toEqual(['unknown']);
  });

  test('holds back a bounded number of bytes that say nothing', () => {
    const opened: string[] = [];
    const router = createStreamRouter(80, (protocol) => void opened.push(protocol));
    for (let i = 0; i < 1000; i++) router.gap('client', 1, false, i);
    router.data('client', bytes('G'), 1000);
    expect(opened).toEqual(['unknown']);
  });
});
