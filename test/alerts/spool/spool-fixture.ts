import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openSpool, type SpoolOptions } from '../../../src/alerts/spool/spool-sink.ts';
import type { Alert } from '../../../src/model/finding.ts';
import type { AlertSink, Outcome, Settle, SinkCounters } from '../../../src/model/sink.ts';

export type Spool = Awaited<ReturnType<typeof openSpool>>;

/** A destination under the test's control: it takes everything, nothing, or what the test decides. */
export interface Destination extends AlertSink {
  /** Uids in order of arrival, repeats included. */
  readonly got: string[];
  /** What becomes of each alert; undefined keeps it until `settleAll`. */
  answer: (alert: Alert) => Outcome | undefined;
  settleAll(outcome: Outcome): void;
  /** Of alerts that are kept, in order of arrival. */
  readonly held: Settle[];
}

export function destination(answer: Destination['answer'] = () => 'delivered'): Destination {
  const held: Settle[] = [];
  const settleAll = (outcome: Outcome): void => {
    for (const settle of held.splice(0)) settle(outcome);
  };
  const self: Destination = {
    name: 'otlp',
    counters: { accepted: 0, delivered: 0, pending: 0, lost: {} },
    got: [],
    answer,
    settleAll,
    held,
    send(alert, settled = () => {}) {
      self.got.push(alert.uid);
      const outcome = self.answer(alert);
      if (outcome === undefined) held.push(settled);
      else settled(outcome);
    },
    flush: async () => held.length === 0,
    close: async () => settleAll('shutdown'),
  };
  return self;
}

export interface Reports {
  readonly problems: string[];
  readonly recoveries: string[];
}

const opened: Spool[] = [];
const folders: string[] = [];

export function makeFolder(): string {
  const folder = mkdtempSync(`${tmpdir()}/telegen-spool-`);
  folders.push(folder);
  return folder;
}

export async function spoolIn(
  directory: string,
  sink: AlertSink,
  options: Partial<SpoolOptions> = {},
): Promise<Spool & Reports> {
  const reports: Reports = { problems: [], recoveries: [] };
  const spool = await openSpool({
    directory,
    sink,
    maxBytes: 16 * 1024 * 1024,
    maxAgeMs: 3_600_000,
    syncIntervalMs: 1,
    reporter: {
      problem: (_topic, message) => void reports.problems.push(message),
      recovered: (message) => void reports.recoveries.push(message()),
    },
    ...options,
  });
  opened.push(spool);
  return Object.assign(spool, reports);
}

/** For afterEach. */
export async function closeSpools(): Promise<void> {
  for (const spool of opened.splice(0)) await spool.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** What the books must always say. */
export function balance({
  accepted,
  restored = 0,
  delivered,
  pending,
  spooled = 0,
  lost,
}: SinkCounters): number {
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  return accepted + restored - delivered - pending - spooled - losses;
}
