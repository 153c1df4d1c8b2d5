import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AlertSink } from '../../../src/model/sink.ts';
import { createFileSink, type FileSinkOptions } from '../../../src/telemetry/export/file-sink.ts';
import type { ExportReport } from '../../../src/telemetry/export/sink.ts';
import { alert } from '../../alerts/fixtures.ts';

let folder: string;
let path: string;
let sinks: AlertSink[] = [];
let reports: ExportReport[] = [];

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/telegen-file-sink-`);
  path = `${folder}/alerts.jsonl`;
  reports = [];
});
afterEach(async () => {
  for (const sink of sinks) await sink.close();
  sinks = [];
  rmSync(folder, { recursive: true, force: true });
});

function sinkOf(options: Partial<FileSinkOptions> = {}): AlertSink {
  const onReport = (report: ExportReport) => void reports.push(report);
  const sink = createFileSink({ path, maxBytes: 1_000_000, keep: 3, retryMs: 10, onReport, ...options });
  sinks.push(sink);
  return sink;
}

const uidsIn = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(
      (line) =>
        (JSON.parse(line) as { attributes: Record<string, string> }).attributes['log.record.uid'] ?? '',
    );
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

describe('alerts in a file', () => {
  it('are JSON lines in order, that nobody else can read', async () => {
    const sink = sinkOf();
    for (const name of names(2_500)) sink.send(alert(name));
    expect(await sink.flush(20_000)).toBe(true);
    expect(uidsIn(path)).toEqual(names(2_500));
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(sink.counters).toEqual({ accepted: 2_500, delivered: 2_500, pending: 0, lost: {} });
  });

  it('are added to what is there', async () => {
    for (const name of ['a', 'b']) {
      const sink = sinkOf();
      sink.send(alert(name));
      await sink.flush(20_000);
      await sink.close();
    }
    expect(uidsIn(path)).toEqual(['a', 'b']);
  });

  it('move on to old files by size, of which so many are kept', async () => {
    const sink = sinkOf({ maxBytes: 65_536, keep: 2 });
    for (const name of names(60)) {
      sink.send(alert(name, 'INFO', { body: 'x'.repeat(8_000) }));
      await sink.flush(20_000);
    }
    expect(readdirSync(folder).toSorted()).toEqual(['alerts.jsonl', 'alerts.jsonl.1', 'alerts.jsonl.2']);
    const kept = [`${path}.2`, `${path}.1`, path].flatMap(uidsIn);
    expect(kept).toEqual(names(60).slice(-kept.length));
    for (const file of readdirSync(folder))
      expect(statSync(`${folder}/${file}`).size).toBeLessThanOrEqual(65_536);
  });

  it('go to a new file when somebody moved the old one away', async () => {
    const sink = sinkOf();
    sink.send(alert('a'));
    await sink.flush(20_000);
    renameSync(path, `${folder}/moved`);
    sink.send(alert('b'));
    await sink.flush(20_000);
    expect([uidsIn(`${folder}/moved`), uidsIn(path)]).toEqual([['a'], ['b']]);
  });

  it('wait while the file cannot be written, and the operator is told once', async () => {
    mkdirSync(path);
    const sink = sinkOf();
    for (const name of names(10)) sink.send(alert(name));
    await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 25_000 });
    expect(reports[0]?.message).toMatch(/cannot be written to .*EISDIR.*they wait/);
    rmdirSync(path);
    expect(await sink.flush(20_000)).toBe(true);
    expect(uidsIn(path)).toEqual(names(10));
    expect(reports.map(({ level }) => level)).toEqual(['error', 'info']);
  });

  it('are bounded while they wait: the oldest of the least grave go', async () => {
    mkdirSync(path);
    const sink = sinkOf({ capacity: 5, retryMs: 60_000 });
    for (const name of names(3)) sink.send(alert(`c${name}`, 'CRITICAL'));
    await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 25_000 });
    for (const name of names(10)) sink.send(alert(name, 'INFO'));
    expect(sink.counters).toMatchObject({ pending: 5, lost: { queue_full: 8 } });
    rmdirSync(path);
    expect(await sink.flush(20_000)).toBe(true);
    expect(uidsIn(path)).toEqual(['c0', 'c1', 'c2', '8', '9']);
  });
});
