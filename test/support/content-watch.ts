import type { RecordCounters } from '../../src/capture/live/counters.ts';
import type { ContentKind } from '../../src/capture/live/plan.ts';
import type { StreamCounters } from '../../src/capture/live/stream-counters.ts';
import type { ContentEvent } from '../../src/model/event.ts';
import { type Contents, createContents } from '../../src/pipeline/contents.ts';
import { totals, type Watch, type WatchOptions, watchCgroup } from './events.ts';

export interface ContentWatchOptions extends Omit<WatchOptions, 'content'> {
  /** Default: all. */
  readonly kinds?: readonly ContentKind[];
  /** Of each HTTP body. */
  readonly bodyBytes?: number;
}

/** A live capture that gathers what conversations say. */
export interface ContentWatch {
  readonly watch: Watch;
  /** Those that are known so far. */
  readonly events: readonly ContentEvent[];
  readonly streams: () => Readonly<StreamCounters>;
  /** Of the kernel side; after finish(), the final ones. */
  readonly counters: () => RecordCounters;
  /** What was read but not understood, by kind. */
  readonly failures: () => Readonly<Record<string, number>>;
  /** Ends the capture, once it has caught up, and every conversation with it; returns all events. */
  finish(): Promise<readonly ContentEvent[]>;
  /** For afterwards, also when finish() was called. */
  stop(): Promise<void>;
}

const RING_BYTES = 1 << 24;
/** Behind the end of the capture: by then a DNS query has timed out. */
const PATIENCE_MS = 10_000;

export function watchContents({ kinds, bodyBytes = 0, ...options }: ContentWatchOptions): ContentWatch {
  const events: ContentEvent[] = [];
  const keep = (event: ContentEvent): void => {
    events.push(event);
  };
  const reader: Contents = createContents(keep, { maxBodyBytes: bodyBytes });
  const watch = watchCgroup({
    ringBufferSize: RING_BYTES,
    ...options,
    content: { kinds: kinds ?? ['dns', 'http', 'tls'], bodyBytes, reader },
  });
  let final: RecordCounters | undefined;
  const streams = (): Readonly<StreamCounters> => watch.capture.streams() as StreamCounters;
  return {
    watch,
    events,
    streams,
    counters: () => final ?? watch.capture.counters(),
    failures: () => reader.failures(),
    finish: async () => {
      await watch.caughtUp();
      await watch.stop((counters) => {
        final = counters;
      });
      reader.finish(Date.now() + PATIENCE_MS);
      return events;
    },
    stop: () => watch.stop(),
  };
}

/** What must be 0 where nothing was lost. */
export function losses({ counters, streams, watch }: ContentWatch): object {
  const { lostPieces, holes, lostOrphans, evicted } = streams();
  const { dropped } = totals(counters());
  return { dropped, lostPieces, holes, lostOrphans, evicted, warnings: watch.warnings };
}

export const NO_LOSSES = { dropped: 0, lostPieces: 0, holes: 0, lostOrphans: 0, evicted: 0, warnings: [] };

/** An event in a line, by what the other end can tell as well: `GET /a 200 0 5 complete`. `-`: unknown. */
export function tell(event: ContentEvent): string {
  if (event.kind === 'http') {
    const { method, target, statusCode, requestBodyBytes, responseBodyBytes, outcome, partial } = event.http;
    const words = [method, target, statusCode, requestBodyBytes, responseBodyBytes].map(
      (word) => word ?? '-',
    );
    return `${words.join(' ')} ${outcome}${partial ? ' partial' : ''}`;
  }
  if (event.kind === 'grpc') {
    const { service, method, statusCode, requestMessages, responseMessages, http } = event.grpc;
    return `${service}/${method} ${statusCode ?? '-'} ${requestMessages ?? '-'}:${responseMessages ?? '-'} ${http.outcome}${http.partial ? ' partial' : ''}`;
  }
  if (event.kind === 'dns') {
    const { questionName, questionType, outcome, responseCode, answers = [], truncated } = event.dns;
    const data = answers.map((answer) => answer.data).join(',');
    return `${event.transport} ${questionName} ${questionType} ${outcome} ${responseCode ?? '-'} ${data}${truncated ? ' truncated' : ''}`;
  }
  const { serverName, alpn, versions, ja4, cipherCount, quicVersion } = event.tls;
  const how = quicVersion === undefined ? 'tls' : `quic${quicVersion}`;
  return `${how} ${serverName ?? '-'} ${alpn.join(',')} ${versions.join(',')} ${cipherCount} ${ja4}`;
}

/** Lines with how often each occurs. */
export function tally(lines: Iterable<string>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const line of lines) sums[line] = (sums[line] ?? 0) + 1;
  return sums;
}
