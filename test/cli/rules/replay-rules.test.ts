import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pcap } from '../../support/capture-files.ts';
import { text } from '../../support/packets.ts';
import { tcpScript } from '../../support/tcp-script.ts';

const TELEGEN = new URL('../../../bin/telegen', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'telegen-rules-'));
const capture = join(folder, 'web.pcap');

const RULES = `title: Traversal
id: 11111111-1111-4111-8111-111111111111
author: Somebody
level: high
tags: [attack.t1190]
fields: [sc-status]
logsource: {category: webserver}
detection:
    selection:
        cs-uri-query|contains: '../..'
    condition: selection
---
title: Tool
name: tool
id: 22222222-2222-4222-8222-222222222222
level: low
logsource: {category: proxy}
detection:
    selection:
        c-useragent|startswith: tool/
    condition: selection
---
title: Three Times
id: 33333333-3333-4333-8333-333333333333
level: critical
correlation:
    type: event_count
    rules: [tool]
    group-by: [SourceIp]
    timespan: 1m
    condition: {gte: 3}
`;

beforeAll(() => {
  const script = tcpScript();
  script.handshake();
  for (const target of ['/a', '/b?x=../../etc', '/c']) {
    script.wait(1000);
    const request = `GET ${target} HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: tool/1\r\n\r\n`;
    script.say('client', 'PA', text(request));
    script.say('server', 'PA', text('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'));
  }
  script.close();
  writeFileSync(capture, pcap(script.packets));
  writeFileSync(join(folder, 'rules.yml'), RULES);
});
afterAll(() => rmSync(folder, { recursive: true }));

function telegen(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(TELEGEN, args, { encoding: 'utf8' });
  return { stdout, stderr, status };
}

interface Line {
  readonly severity: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

describe('rules in a replay', () => {
  const run = () => telegen('replay', capture, '--rules', join(folder, 'rules.yml'), '--output', 'jsonl');

  test('each match is an alert of its own, with all that the rule says', () => {
    const { stdout, status } = run();
    expect(status).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const traversal = lines.find(({ body }) => body === 'Traversal');
    expect(traversal).toMatchObject({
      severity: 'ERROR',
      attributes: {
        'network.event_type': 'rule_match',
        'telegen.detector': 'rules',
        'telegen.rule.id': '11111111-1111-4111-8111-111111111111',
        'telegen.rule.author': 'Somebody',
        'telegen.rule.level': 'high',
        'telegen.rule.tags': ['attack.t1190'],
        'telegen.rule.matched': ['selection: cs-uri-query=/b?x=../../etc'],
        'telegen.rule.fields': ['sc-status=404'],
        'http.url': 'http://www.example.com/b?x=../../etc',
      },
    });
    const count = lines.find(({ body }) => body === 'Three Times');
    expect(count).toMatchObject({ severity: 'CRITICAL' });
    expect(count?.attributes['telegen.rule.group']).toEqual(['SourceIp=192.0.2.1']);
    expect(count?.attributes['telegen.rule.value']).toBe(3);
    expect(count?.attributes['telegen.rule.events']).toHaveLength(3);
    // It alerts through the correlation alone.
    expect(lines.some(({ body }) => body === 'Tool')).toBe(false);
  });

  test('the same replay gives the same lines', () => {
    expect(run().stdout).toBe(run().stdout);
  });

  test('rules backtest counts per rule and hour', () => {
    const { stdout } = telegen(
      'rules',
      'backtest',
      join(folder, 'rules.yml'),
      '--pcap',
      capture,
      '--format',
      'json',
    );
    const rows = JSON.parse(stdout) as { title: string; alerts: number; hours: Record<string, number> }[];
    expect(rows.map(({ title, alerts }) => [title, alerts])).toEqual([
      ['Traversal', 1],
      ['Three Times', 1],
    ]);
    expect(Object.values(rows[0]!.hours)).toEqual([1]);
  });
});

describe('telegen rules', () => {
  test('check counts states and exits with 2 on errors', () => {
    const good = telegen('rules', 'check', join(folder, 'rules.yml'), '--format', 'json');
    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ loaded: 3, partial: 0, inert: 0, refused: 0 });
    const bad = join(folder, 'bad.yaml');
    writeFileSync(
      bad,
      'title: T\nlogsource: {category: dns}\ndetection:\n    s: {query|is: a}\n    condition: s\n',
    );
    const { stdout, status } = telegen('rules', 'check', bad);
    expect(status).toBe(2);
    expect(stdout).toContain(`${bad}:4:9: error: there is no modifier "is" [modifier-unknown]`);
    rmSync(bad);
  });

  test('match prints ids per line, and correlations on the line that fulfils them', () => {
    const events = join(folder, 'events.jsonl');
    const line = (second: number) =>
      JSON.stringify({
        timestamp: `2026-01-01T00:00:0${second}Z`,
        logsource: { category: 'proxy' },
        fields: { 'c-useragent': 'Tool/2', SourceIp: '192.0.2.1' },
      });
    writeFileSync(events, `${line(1)}\n\n${line(2)}\nnothing\n${line(3)}\n`);
    const { stdout, status } = telegen('rules', 'match', join(folder, 'rules.yml'), '--events', events);
    expect(status).toBe(1);
    const tool = '22222222-2222-4222-8222-222222222222';
    expect(
      stdout
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each) as unknown),
    ).toEqual([
      { line: 1, rules: [tool] },
      { line: 3, rules: [tool] },
      { line: 4, rules: [], error: expect.stringContaining('not JSON') },
      { line: 5, rules: [tool, '33333333-3333-4333-8333-333333333333'] },
    ]);
    expect(telegen('rules', 'match', folder, '--events', join(folder, 'none')).status).toBe(2);
  });

  test('explain tells which part failed', () => {
    const event = join(folder, 'event.json');
    writeFileSync(event, JSON.stringify({ logsource: {}, fields: { 'cs-uri-query': '/a' } }));
    const { stdout, status } = telegen('rules', 'explain', 'Traversal', '--dir', folder, '--event', event);
    expect(status).toBe(1);
    expect(stdout).toContain('does not match');
    expect(stdout).toContain('- cs-uri-query is "/a", wanted: *../..*');
  });

  test('new writes a rule that loads and whose tests pass', () => {
    for (const category of ['network_connection', 'dns', 'proxy', 'webserver', 'process_creation']) {
      const file = join(folder, `${category}.new.yml`);
      expect(telegen('rules', 'new', file, '--category', category, '--title', 'A "quoted" one').status).toBe(
        0,
      );
      expect(telegen('rules', 'test', file).stdout).toBe('2 passed, 0 failed\n');
      expect(telegen('rules', 'new', file).status).toBe(2);
      rmSync(file);
    }
  });

  test('test fails where a test fails or is missing', () => {
    const file = join(folder, 'rules.yml');
    const { stdout, status } = telegen('rules', 'test', file, '--format', 'tap');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^TAP version 13\n1\.\.6\nnot ok 1 - Traversal: tests\n/);
    expect(telegen('rules', 'test', file, '--format', 'junit').stdout).toContain(
      '<testsuite name="rules" tests="6" failures="6">',
    );
  });
});
