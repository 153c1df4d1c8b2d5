import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GrpcFacts, HeaderField, HttpFacts } from '../../../src/model/conversation.ts';
import { createHttp2Conversation } from '../../../src/protocols/http2/conversation.ts';
import { FRAME } from '../../../src/protocols/http2/frames.ts';
import { cut, dice, feed, mutate, type Piece } from '../http1/stream-pieces.ts';
import {
  endHeaders,
  endStream,
  frame,
  join,
  message,
  opening,
  padded,
  priority,
  request,
  settings,
  settingsAck,
  status,
} from './frame-builder.ts';
import { createHpackEncoder, type HpackEncoder } from './hpack-encoder.ts';

/** `FUZZ_CASES=1000000 FUZZ_SEED=2 vitest run ...` for a long run by hand. */
const CASES = Number(process.env.FUZZ_CASES ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const runs = (usual: number) => ({ numRuns: Math.ceil((usual * CASES) / 20_000), seed });
const PATIENCE_MS = 3_600_000;

type Roll = (n: number) => number;

interface Sent {
  readonly target: string;
  readonly fields: readonly string[];
  readonly requestBody: number;
  readonly responseBody: number;
  readonly requestMessages: number;
  readonly responseMessages: number;
}

/** Frames of one header block: padded, with priority, cut into CONTINUATION frames. */
function blockFrames(roll: Roll, streamId: number, bytes: Uint8Array, flags: number): Uint8Array {
  const first = roll(3) === 0 ? roll(bytes.length + 1) : bytes.length;
  const pad = roll(4) === 0 ? roll(20) : -1;
  const hasPriority = roll(4) === 0;
  const prefix = [...(pad < 0 ? [] : [pad]), ...(hasPriority ? [0, 0, 0, 0, 9] : [])];
  const payload = [...prefix, ...bytes.subarray(0, first), ...new Uint8Array(Math.max(0, pad))];
  const more = first < bytes.length;
  const all = flags | (more ? 0 : endHeaders) | (pad < 0 ? 0 : padded) | (hasPriority ? priority : 0);
  const head = frame(FRAME.headers, all, streamId, payload);
  return more ? join(head, frame(FRAME.continuation, endHeaders, streamId, bytes.subarray(first))) : head;
}

function dataFrames(roll: Roll, streamId: number, bytes: readonly number[], flags: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let at = 0;
  do {
    const part = bytes.slice(at, at + 1 + roll(700));
    at += Math.max(1, part.length);
    const end = at >= bytes.length ? flags : 0;
    const pad = roll(5) === 0 ? roll(9) : -1;
    const payload = pad < 0 ? part : [pad, ...part, ...new Uint8Array(pad)];
    frames.push(frame(FRAME.data, end | (pad < 0 ? 0 : padded), streamId, payload));
  } while (at < bytes.length);
  return frames;
}

const CALL: HeaderField = ['content-type', 'application/grpc'];

/** A connection with interleaved streams, in pieces, and what was sent on it. */
function randomConnection(roll: Roll, count: number) {
  const encoders = { client: createHpackEncoder(roll), server: createHpackEncoder(roll) };
  const sent = new Map<string, Sent>();
  const open: { side: Piece['side']; frames: (() => Uint8Array)[] }[] = [];
  const pieces: Piece[] = [
    { side: 'client', bytes: opening(), timeMs: 0 },
    { side: 'server', bytes: join(settings(), settingsAck()), timeMs: 0 },
    { side: 'client', bytes: settingsAck(), timeMs: 0 },
  ];
  for (let i = 0; i < count; i++) open.push(...randomStream(roll, encoders, { id: i * 2 + 1, sent }));
  let timeMs = 1;
  for (let live = open; live.length > 0; live = live.filter(({ frames }) => frames.length > 0)) {
    // Streams begin in order; a response waits for the request that is before it.
    const window = live.slice(0, 8);
    const pick = window[roll(window.length)] as (typeof open)[number];
    const isReady =
      pick.side === 'client'
        ? window.every(
            (each) => each === pick || each.side === 'server' || window.indexOf(each) > window.indexOf(pick),
          )
        : !window.some((each, at) => each.side === 'client' && at < window.indexOf(pick));
    const next = isReady ? pick : (window[0] as (typeof open)[number]);
    const bytes = next.frames.shift()?.();
    if (bytes !== undefined) pieces.push({ side: next.side, bytes, timeMs: timeMs++ });
  }
  return { pieces, sent };
}

function randomStream(
  roll: Roll,
  encoders: Record<'client' | 'server', HpackEncoder>,
  { id, sent }: { id: number; sent: Map<string, Sent> },
) {
  const target = `/s.S/m${id}`;
  const isCall = roll(2) === 0;
  const values = Array.from(
    { length: roll(4) },
    (_, n) => [`x-f${n}`, `${target} ${roll(3) === 0 ? 'v'.repeat(roll(400)) : ''}`] as const,
  );
  const messages = () =>
    isCall
      ? Array.from({ length: roll(4) }, () => message(roll(300)))
      : [Array.from({ length: roll(3000) }, () => roll(256))];
  const up = messages();
  const down = messages();
  const fields: HeaderField[] = [...values, ['x-id', target], ...(isCall ? [CALL] : [])];
  sent.set(target, {
    target,
    fields: fields.map(([name, value]) => `${name}: ${value}`),
    requestBody: up.flat().length,
    responseBody: down.flat().length,
    requestMessages: up.length,
    responseMessages: down.length,
  });
  const clientFrames = [
    () => blockFrames(roll, id, encoders.client.encode(request(target, ...fields)), 0),
    ...dataFrames(roll, id, up.flat(), endStream).map((bytes) => () => bytes),
  ];
  const trailers: HeaderField[] = [
    ['grpc-status', '0'],
    ['x-id', target],
  ];
  const serverFrames = [
    ...(roll(6) === 0 ? [() => blockFrames(roll, id, encoders.server.encode(status(103)), 0)] : []),
    () => blockFrames(roll, id, encoders.server.encode(status(200, ...fields)), 0),
    ...dataFrames(roll, id, down.flat(), isCall ? 0 : endStream).map((bytes) => () => bytes),
    ...(isCall ? [() => blockFrames(roll, id, encoders.server.encode(trailers), endStream)] : []),
  ];
  return [
    { side: 'client' as const, frames: clientFrames },
    { side: 'server' as const, frames: serverFrames },
  ];
}

function run(pieces: readonly Piece[], options: { readonly late?: boolean } = {}) {
  const seen: (HttpFacts | GrpcFacts)[] = [];
  const conversation = createHttp2Conversation({ onExchange: (facts) => seen.push(facts) });
  if (options.late === true)
    for (const side of ['client', 'server'] as const) conversation.gap(side, 0, false, 0);
  feed(conversation, pieces);
  conversation.end(1e6, false);
  return { seen, counters: conversation.counters };
}

const httpOf = (facts: HttpFacts | GrpcFacts): HttpFacts => ('http' in facts ? facts.http : facts);

function lies(facts: HttpFacts | GrpcFacts, sent: ReadonlyMap<string, Sent>): string[] {
  const http = httpOf(facts);
  const fields = [...http.requestHeaders, ...http.responseHeaders];
  const id = http.target ?? fields.find(([name]) => name === 'x-id')?.[1];
  if (id === undefined) return [];
  const truth = sent.get(id);
  if (truth === undefined) return [`no stream ${id}`];
  const extra = ['grpc-status: 0'];
  const said: readonly (readonly [string, unknown, unknown])[] = [
    ['method', http.method ?? 'GET', 'GET'],
    ['status', http.statusCode ?? 200, 200],
    ['request body', http.requestBodyBytes ?? truth.requestBody, truth.requestBody],
    ['response body', http.responseBodyBytes ?? truth.responseBody, truth.responseBody],
    [
      'field',
      fields.map((field) => field.join(': ')).find((field) => ![...truth.fields, ...extra].includes(field)),
      undefined,
    ],
  ];
  const call: readonly (readonly [string, unknown, unknown])[] =
    'http' in facts
      ? [
          ['request messages', facts.requestMessages ?? truth.requestMessages, truth.requestMessages],
          ['response messages', facts.responseMessages ?? truth.responseMessages, truth.responseMessages],
          ['grpc status', facts.statusCode ?? 0, 0],
        ]
      : [];
  return [...said, ...call]
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${id} ${what}: ${String(was)}, not ${String(is)}`);
}

describe('HTTP/2 traffic', () => {
  test(
    'is told right and whole, however it is cut',
    () => {
      fc.assert(
        fc.property(fc.integer(), fc.constantFrom(1, 2, 7, 60, 1500), (start, longest) => {
          const roll = dice(start);
          const { pieces, sent } = randomConnection(roll, 1 + roll(12));
          const { seen, counters } = run(pieces);
          expect(new Set(seen.map((facts) => httpOf(facts).target))).toEqual(new Set(sent.keys()));
          expect(seen).toHaveLength(sent.size);
          expect(seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
          expect(seen.every((facts) => httpOf(facts).outcome === 'complete' && !httpOf(facts).partial)).toBe(
            true,
          );
          expect(seen.every((facts) => httpOf(facts).responseBodyBytes !== undefined)).toBe(true);
          expect(Object.values(counters).every((count) => count === 0)).toBe(true);
          expect(run(cut(pieces, roll, longest)).seen).toEqual(seen);
        }),
        runs(80),
      );
    },
    PATIENCE_MS,
  );

  test(
    'is never told wrong, whatever is missing, and wherever one joins',
    () => {
      let told = 0;
      let all = 0;
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 0, max: 4 }), (start, gaps) => {
          const roll = dice(start);
          const { pieces, sent } = randomConnection(roll, 20);
          let parts = cut(pieces, roll, 900);
          for (let i = 0; i < gaps; i++) {
            const at = roll(parts.length);
            for (let n = roll(4); n >= 0; n--) {
              const part = parts[at + n];
              if (part !== undefined) parts[at + n] = { ...part, lost: true };
            }
          }
          const late = roll(2) === 0;
          if (late) parts = parts.slice(roll(parts.length >> 1));
          const { seen } = run(parts, { late });
          expect(seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
          told += seen.filter((facts) => httpOf(facts).target !== undefined).length;
          all += sent.size;
        }),
        runs(150),
      );
      expect(told / all).toBeGreaterThan(0.4);
    },
    PATIENCE_MS,
  );

  test(
    'loses little to one lost piece',
    () => {
      let told = 0;
      let all = 0;
      fc.assert(
        fc.property(fc.integer(), (start) => {
          const roll = dice(start);
          const { pieces, sent } = randomConnection(roll, 30);
          const at = roll(pieces.length);
          const { seen } = run(pieces.with(at, { ...(pieces[at] as Piece), lost: true }));
          told += seen.filter((facts) => httpOf(facts).target !== undefined).length;
          all += sent.size;
        }),
        runs(80),
      );
      expect(told / all).toBeGreaterThan(0.8);
    },
    PATIENCE_MS,
  );

  test(
    'cut off anywhere is partial, not wrong',
    () => {
      fc.assert(
        fc.property(fc.integer(), (start) => {
          const roll = dice(start);
          const { pieces, sent } = randomConnection(roll, 5);
          const parts = cut(pieces, roll, 60);
          const { seen } = run(parts.slice(0, roll(parts.length)));
          expect(seen.flatMap((facts) => lies(facts, sent))).toEqual([]);
        }),
        runs(80),
      );
    },
    PATIENCE_MS,
  );

  test(
    `survives ${CASES} mutations`,
    () => {
      const connections = Array.from({ length: 30 }, (_, i) => randomConnection(dice(i), 3).pieces);
      for (let i = 0; i < CASES; i++) {
        const roll = dice(seed * 1_000_003 + i);
        const { seen } = run(cut(mutate(connections[roll(connections.length)] ?? [], roll), roll, 900));
        if (seen.length > 300) expect.fail(`${seen.length} exchanges, case ${i}`);
      }
    },
    PATIENCE_MS,
  );
});
