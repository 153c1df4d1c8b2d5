import { isatty } from 'node:tty';
import type { MergeCounters } from '../../alerts/merge.ts';
import type { ReplaySummary } from '../../capture/replay/replay-capture.ts';
import type { EventKind, TelegenEvent } from '../../model/event.ts';
import type { Alert } from '../../model/finding.ts';
import type { AlertSink } from '../../model/sink.ts';
import type { Rename } from '../../net/conventions.ts';
import type { Describe } from '../../net/event-attributes.ts';
import type { EngineCounters } from '../../pipeline/engine.ts';
import { formatPretty } from '../../telemetry/export/pretty.ts';
import { alertToJson, eventToJson } from '../../telemetry/export/serialize.ts';
import { createBooks } from '../../telemetry/export/sink.ts';
import { STDOUT, writeBlocking } from './blocking-output.ts';

export const REPLAY_FORMS = ['jsonl', 'pretty', 'summary', 'metrics', 'topology'] as const;
export type ReplayForm = (typeof REPLAY_FORMS)[number];

/** Where a replay prints: alerts and chosen events in the order in which they became known, or only sums. */
export interface ReplayOutput {
  readonly sink: AlertSink;
  readonly event: (event: TelegenEvent) => void;
  fileDone(file: string, summary: ReplaySummary): void;
  /** `report`: the metrics or the topology, when that is the form. */
  finish(engine: EngineCounters, merger: MergeCounters, report?: string): void;
}

/** Lines are collected and written in large pieces. */
const FLUSH_CHARS = 65_536;

export interface ReplayOutputOptions {
  readonly form: ReplayForm;
  /** Events to print. */
  readonly kinds: readonly EventKind[];
  /** Attributes of events as they leave. */
  readonly describe: Describe;
  /** Names of attributes in alerts. */
  readonly rename: Rename;
}

/** Creates the output on standard output. */
export function createReplayOutput(options: ReplayOutputOptions): ReplayOutput {
  const { form, kinds, describe: attributesOf, rename } = options;
  const wanted = new Set(kinds);
  const seen = new Map<string, number>();
  const books = createBooks();
  const isLines = form === 'jsonl' || form === 'pretty';
  const colour = isatty(STDOUT);
  const format = (alert: Alert): string =>
    form === 'pretty' ? formatPretty(alert, { colour }) : alertToJson(alert, rename);
  let pending = '';

  function flush(): void {
    if (pending !== '') writeBlocking(pending);
    pending = '';
  }

  function print(line: string): void {
    pending += `${line}\n`;
    if (pending.length >= FLUSH_CHARS) flush();
  }

  return {
    sink: {
      name: 'stdout',
      counters: books.counters,
      send(alert, settled) {
        const settle = books.open(settled);
        if (isLines) print(format(alert));
        settle('delivered');
      },
      flush: async () => true,
      close: async () => flush(),
    },
    event(event) {
      seen.set(event.kind, (seen.get(event.kind) ?? 0) + 1);
      if (isLines && wanted.has(event.kind)) print(eventToJson(event, attributesOf));
    },
    fileDone(file, summary) {
      if (form === 'summary') print(describe(file, summary));
    },
    finish(engine, merger, report = '') {
      pending += report;
      if (form === 'summary') {
        const kinds = [...seen].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none';
        print(`events: ${kinds}`);
        print(
          `alerts: ${merger.sent} on ${engine.candidates} conversations, ${merger.merged} merged, ${merger.summaries} summaries`,
        );
      }
      flush();
    },
  };
}

function describe(file: string, { packets, fragments, flows, problem }: ReplaySummary): string {
  const damage = problem === undefined ? '' : `; damaged at byte ${problem.byteOffset}: ${problem.reason}`;
  return `${file}: ${JSON.stringify({ ...packets, fragments, flows })}${damage}`;
}
