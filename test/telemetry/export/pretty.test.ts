import { describe, expect, it } from 'vitest';
import { findingsToAlert, settled } from '../../../src/alerts/combine.ts';
import { connectionAttributes } from '../../../src/net/event-attributes.ts';
import { formatPretty } from '../../../src/telemetry/export/pretty.ts';
import { alert, connection, finding, ip } from '../../alerts/fixtures.ts';

const made = settled(findingsToAlert([finding()], () => connectionAttributes(connection()))!);

describe('formatPretty', () => {
  it('shows time, severity, body, peer and process, then the details', () => {
    expect(formatPretty({ ...made, uid: 'u' }).split('\n')).toEqual([
      '2024-01-15T10:30:00.123Z  WARNING   Suspicious outbound connection to known bad IP  -> 198.51.100.50:4444  /tmp/shell (pid 12345)',
      '    command   /tmp/shell --password=***',
      '    user      app',
      '    pod       default/compromised-pod',
      '    container c0ffee',
      '    local     192.0.2.10:40000',
      '    reasons   blocklist',
      '    list      documentation',
    ]);
  });

  it('shows the count of a closing record, inbound peers and IPv6', () => {
    const event = connection({ role: 'server', remote: { ip: ip('2001:db8::1'), port: 9 } });
    const attributes = {
      ...connectionAttributes(event),
      'telegen.count': 3,
      'telegen.first_seen': 'A',
      'telegen.last_seen': 'B',
    };
    const text = formatPretty({ ...made, uid: 'u', attributes });
    expect(text).toContain('<- [2001:db8::1]:9');
    expect(text).toContain('    count     3 (A .. B)');
  });

  it.each([
    [
      'pod and service',
      { 'pod.name': 'db-0', 'service.name': 'db', 'namespace.name': 'shop' },
      'shop/db-0 (service db)',
    ],
    ['pod', { 'pod.name': 'db-0', 'namespace.name': 'shop' }, 'shop/db-0'],
    ['service', { 'service.name': 'db', 'namespace.name': 'shop' }, 'service shop/db'],
    ['node', { 'node.name': 'node-2' }, 'node-2'],
  ])('shows what the cluster knows of the other end: %s', (_title, known, text) => {
    const entries = Object.entries(known).map(([name, value]) => [`net.peer.k8s.${name}`, value]);
    const attributes = { ...made.attributes, ...Object.fromEntries(entries) };
    expect(formatPretty({ ...made, uid: 'u', attributes })).toContain(`\n    peer      ${text}\n`);
  });

  it('makes do with little', () => {
    expect(formatPretty(alert('u', 'INFO', { attributes: {} }))).toBe(
      '2024-01-15T10:30:00.123Z  INFO      alert u',
    );
  });

  it('colours only when told', () => {
    const critical = alert('u', 'CRITICAL');
    expect(formatPretty(critical)).not.toContain('\u001b');
    expect(formatPretty(critical, { colour: true })).toContain('\u001b[');
  });

  it.each([
    ['escape sequences', '\u001b[2J\u009b1m', '\\u{1b}[2J\\u{9b}1m'],
    ['line breaks', 'a\nb\rc\u2028d', 'a\\u{a}b\\u{d}c\\u{2028}d'],
    ['text that reorders or hides', '\u202eexe.txt\u200b', '\\u{202e}exe.txt\\u{200b}'],
    ['lone surrogates', 'a\ud800b', 'a\\u{d800}b'],
  ])('shows %s of hostile names as text', (_name, hostile, shown) => {
    const attributes = { 'process.executable.path': hostile, 'telegen.reasons': [hostile] };
    const lines = formatPretty(alert('u', 'INFO', { attributes, body: hostile })).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]?.split(shown)).toHaveLength(3);
    expect(lines[1]).toContain(shown);
  });

  it('leaves other scripts and emoji alone', () => {
    expect(formatPretty(alert('u', 'INFO', { body: 'é 日本 😀' }))).toContain('é 日本 😀');
  });
});
