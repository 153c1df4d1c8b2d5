import type { TunedCounters } from '../../alerts/tuning/tuned-merger.ts';

import type { RecordCounters } from '../../capture/live/counters.ts';
import type { HookStatus, LiveCapture } from '../../capture/live/live-capture.ts';
import type { SecurityConfig } from '../../config/config.ts';
import type { SinkCounters } from '../../model/sink.ts';
import type { EngineCounters } from '../../pipeline/engine.ts';
import type { Shedder } from '../../pipeline/shedding.ts';
import type { ListStatus } from '../../reputation/snapshot.ts';
import type { OtlpTelemetryCounters } from '../../telemetry/export/otlp-telemetry.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { PrinterCounters } from './event-printer.ts';

export interface BannerFacts {
  readonly capture: Pick<LiveCapture, 'cgroup' | 'isWholeHost'>;
  readonly include: readonly string[];
  readonly destination: string;
  readonly lists: readonly ListStatus[];
  readonly security: SecurityConfig;
}

/** Says what is watched, for what, where alerts go and how to see one. */
export function banner(facts: BannerFacts, diagnostics: Diagnostics): void {
  const { capture, include, destination, lists, security } = facts;
  const scope = capture.isWholeHost ? 'this whole host' : capture.cgroup;
  diagnostics.info(`watching ${scope}${include.length > 0 ? `, interfaces ${include.join(', ')}` : ''}`);
  diagnostics.info(`looking for ${watchedFor(lists, security)}`);
  diagnostics.info(`alerts go to ${destination}`);
  const port = security.suspiciousPorts[0];
  if (security.enabled && port !== undefined)
    diagnostics.info(`to see one, type in another terminal: ${tryThis(capture, port)}`);
}

/** A command that alerts; when one cgroup is watched, it has to run there. */
function tryThis({ cgroup, isWholeHost }: BannerFacts['capture'], port: number): string {
  const curl = `curl -m 1 http://127.0.0.1:${port}/`;
  return isWholeHost ? curl : `sh -c 'echo $$ > ${cgroup}/cgroup.procs; exec ${curl}'`;
}

function watchedFor(lists: readonly ListStatus[], security: SecurityConfig): string {
  if (!security.enabled) return 'nothing (agent.network.security.enabled is false)';
  const entries = lists.reduce((sum, list) => sum + list.entries, 0);
  return [
    lists.length > 0 ? `${entries} listed networks (${lists.map((list) => list.name).join(', ')})` : '',
    security.suspiciousPorts.length > 0 ? `ports ${security.suspiciousPorts.join(', ')}` : '',
    security.externalConnectionAlerts ? 'connections to external addresses' : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** Names every hook that is missing or served by a lesser program. */
export function hookNotes(hooks: readonly HookStatus[], diagnostics: Diagnostics): void {
  for (const { feature, state, reason } of hooks) {
    if (state === 'missing')
      diagnostics.warn(`hook ${feature.name} is missing (${reason}); lost: ${feature.purpose}`);
    else if (state === 'fallback') diagnostics.info(`hook ${feature.name}: fallback in use (${reason})`);
  }
}

function heldText({ suppressed, limited }: TunedCounters): string {
  const names = Object.entries(suppressed).map(([name, count]) => `, ${count} suppressed (${name})`);
  return `${limited > 0 ? `, ${limited} held by limits` : ''}${names.join('')}`;
}

function sinkText(name: string, counters: SinkCounters): string {
  const { accepted, delivered, pending, lost, spooled = 0, restored = 0, filtered = 0 } = counters;
  const losses = Object.entries(lost).map(([reason, count]) => `${count} lost (${reason})`);
  return [
    `${name}: ${accepted} accepted`,
    ...(restored > 0 ? [`${restored} of an earlier run`] : []),
    `${delivered} delivered`,
    ...(filtered > 0 ? [`${filtered} not wanted there`] : []),
    ...losses,
    ...(spooled > 0 ? [`${spooled} kept on disk`] : []),
    ...(pending > 0 ? [`${pending} left behind`] : []),
  ].join(', ');
}

export interface Books {
  readonly counters: RecordCounters;
  readonly engine: EngineCounters;
  readonly merger: TunedCounters;
  readonly delivery: Readonly<Record<string, SinkCounters>>;
  /** Of --events. */
  readonly printer: PrinterCounters | undefined;
  /** Of `otlp.events` and `otlp.spans`. */
  readonly exporter?: OtlpTelemetryCounters | undefined;
  /** Telemetry given up to stay within the budget. */
  readonly shed?: Shedder['counters'];
  /** The books of telemetry, in words. */
  readonly telemetry?: readonly string[];
}

/** The books at the end: what came in, what was lost and where, what went out. */
export function farewell(books: Books, diagnostics: Diagnostics): void {
  const classes = Object.entries(books.counters).filter(([, value]) => value.submitted + value.dropped > 0);
  const records = classes.map(
    ([name, { submitted, dropped }]) => `${name} ${submitted}${dropped > 0 ? ` (${dropped} dropped)` : ''}`,
  );
  diagnostics.info(`records: ${records.join(', ') || 'none'}`);
  const { engine, merger, printer } = books;
  const { received, handled, filtered, findings, candidates } = engine;
  diagnostics.info(
    `events: ${received} received, ${handled} handled, ${filtered} filtered; ${findings} findings on ${candidates} connections`,
  );
  diagnostics.info(
    `alerts: ${merger.sent} sent, ${merger.merged} merged, ${merger.summaries} summaries, ${engine.lossReports} loss reports, ${engine.notices} notices${heldText(merger)}`,
  );
  for (const line of books.telemetry ?? []) diagnostics.info(line);
  const { logs, spans, spanless = 0 } = books.exporter ?? {};
  for (const [name, counters] of Object.entries({
    ...books.delivery,
    'otlp.events': logs,
    'otlp.spans': spans,
  })) {
    if (counters !== undefined) diagnostics.info(sinkText(name, counters));
  }
  if (spanless > 0) diagnostics.info(`otlp.spans: ${spanless} exchanges gave no span`);
  const shed = Object.entries(books.shed ?? {}).filter(([, count]) => count > 0);
  if (shed.length > 0)
    diagnostics.info(`over budget: ${shed.map(([kind, count]) => `${count} ${kind} given up`).join(', ')}`);
  if (printer !== undefined) diagnostics.info(`--events: ${printer.printed} printed, ${printer.lost} lost`);
}
