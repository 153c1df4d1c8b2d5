import { describe, expect, it } from 'vitest';
import type { HookStatus } from '../../../src/capture/live/live-capture.ts';
import { type BannerFacts, type Books, banner, farewell, hookNotes } from '../../../src/cli/run/banner.ts';
import { createDiagnostics } from '../../../src/cli/run/diagnostics.ts';
import { decideOutput } from '../../../src/cli/run/sinks.ts';
import type { SecurityConfig } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';

function gather() {
  let text = '';
  const diagnostics = createDiagnostics({
    write: (line) => {
      text += line;
    },
  });
  return { diagnostics, lines: () => text.trimEnd().split('\n') };
}

const DEFAULTS = loadConfig(undefined).config.network.security;
const HOST = { cgroup: '/sys/fs/cgroup', isWholeHost: true };

function said(facts: Partial<BannerFacts> & { readonly security?: SecurityConfig }): string[] {
  const { diagnostics, lines } = gather();
  banner(
    { capture: HOST, include: [], destination: 'X', lists: [], security: DEFAULTS, ...facts },
    diagnostics,
  );
  return lines();
}

describe('the banner', () => {
  it('of the whole host', () => {
    expect(said({})).toEqual([
      'telegen: watching this whole host',
      'telegen: looking for ports 4444, 31337',
      'telegen: alerts go to X',
      'telegen: to see one, type in another terminal: curl -m 1 http://127.0.0.1:4444/',
    ]);
  });

  it('of one cgroup: what to try has to run there', () => {
    const lines = said({ capture: { cgroup: '/sys/fs/cgroup/web', isWholeHost: false }, include: ['eth0'] });
    expect(lines[0]).toBe('telegen: watching /sys/fs/cgroup/web, interfaces eth0');
    expect(lines.at(-1)).toContain(
      "sh -c 'echo $$ > /sys/fs/cgroup/web/cgroup.procs; exec curl -m 1 http://127.0.0.1:4444/'",
    );
  });

  it('suggests nothing that would not alert', () => {
    expect(said({ security: { ...DEFAULTS, suspiciousPorts: [] } }).join()).not.toContain('curl');
    const off = said({ security: { ...DEFAULTS, enabled: false } });
    expect(off).toContain('telegen: looking for nothing (agent.network.security.enabled is false)');
    expect(off.join()).not.toContain('curl');
  });
});

describe('notes on hooks', () => {
  const feature = { name: 'tcp', purpose: 'TCP connections', required: true, candidates: [] };
  const rows: readonly [HookStatus, string][] = [
    [{ feature, state: 'ok' }, ''],
    [{ feature, state: 'fallback', reason: 'no BTF' }, 'telegen: hook tcp: fallback in use (no BTF)'],
    [
      { feature, state: 'missing', reason: 'EPERM' },
      'telegen: WARNING: hook tcp is missing (EPERM); lost: TCP connections',
    ],
  ];
  it.each(rows)('%#', (status, line) => {
    const { diagnostics, lines } = gather();
    hookNotes([status], diagnostics);
    expect(lines()).toEqual([line]);
  });
});

describe('the farewell', () => {
  const books: Books = {
    counters: {
      attempted: { submitted: 10, dropped: 2 },
      closed: { submitted: 5, dropped: 0 },
      exec: { submitted: 0, dropped: 0 },
    },
    engine: {
      received: 15,
      handled: 14,
      filtered: 1,
      findings: 6,
      candidates: 4,
      lossReports: 1,
      notices: 2,
    },
    merger: {
      findings: 13,
      sent: 3,
      merged: 1,
      summaries: 1,
      overflowed: 0,
      suppressed: { backup: 2 },
      limited: 7,
    },
    delivery: {
      otlp: { accepted: 5, delivered: 2, pending: 1, lost: { shutdown: 2 } },
      file: { accepted: 5, restored: 3, delivered: 4, pending: 0, spooled: 2, lost: { spool_full: 2 } },
    },
    printer: undefined,
  };

  it('closes the books', () => {
    const { diagnostics, lines } = gather();
    farewell({ ...books, printer: { offered: 9, printed: 7, lost: 2 } }, diagnostics);
    expect(lines()).toEqual([
      'telegen: records: attempted 10 (2 dropped), closed 5',
      'telegen: events: 15 received, 14 handled, 1 filtered; 6 findings on 4 connections',
      'telegen: alerts: 3 sent, 1 merged, 1 summaries, 1 loss reports, 2 notices, 7 held by limits, 2 suppressed (backup)',
      'telegen: otlp: 5 accepted, 2 delivered, 2 lost (shutdown), 1 left behind',
      'telegen: file: 5 accepted, 3 of an earlier run, 4 delivered, 2 lost (spool_full), 2 kept on disk',
      'telegen: --events: 7 printed, 2 lost',
    ]);
  });

  it('tells of events and spans to the collector', () => {
    const { diagnostics, lines } = gather();
    const logs = { accepted: 5, delivered: 3, pending: 0, lost: { shed: 2 } };
    farewell(
      { ...books, telemetry: ['a', 'b'], exporter: { logs, spans: undefined, spanless: 4 } },
      diagnostics,
    );
    expect(lines().slice(-6)).toEqual([
      'telegen: a',
      'telegen: b',
      'telegen: otlp: 5 accepted, 2 delivered, 2 lost (shutdown), 1 left behind',
      'telegen: file: 5 accepted, 3 of an earlier run, 4 delivered, 2 lost (spool_full), 2 kept on disk',
      'telegen: otlp.events: 5 accepted, 3 delivered, 2 lost (shed)',
      'telegen: otlp.spans: 4 exchanges gave no span',
    ]);
  });

  it('is short when nothing happened', () => {
    const { diagnostics, lines } = gather();
    farewell({ ...books, counters: {}, delivery: {} }, diagnostics);
    expect(lines()[0]).toBe('telegen: records: none');
    expect(lines()).toHaveLength(3);
  });
});

describe('--output auto', () => {
  it.each([
    ['auto', false, true, 'pretty'],
    ['auto', false, false, 'jsonl'],
    ['auto', true, true, 'none'],
    ['auto', true, false, 'none'],
    ['jsonl', true, true, 'jsonl'],
    ['pretty', false, false, 'pretty'],
    ['none', false, true, 'none'],
  ] as const)('%s, collector %s, terminal %s: %s', (output, hasCollector, isTerminal, decided) => {
    expect(decideOutput(output, hasCollector, isTerminal)).toBe(decided);
  });
});
