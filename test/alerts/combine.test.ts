import { describe, expect, it } from 'vitest';
import { findingsToAlert, settled } from '../../src/alerts/combine.ts';
import { mergeKey } from '../../src/alerts/merge-key.ts';
import { connectionAttributes } from '../../src/net/event-attributes.ts';
import { connection, finding, ip, TIME_MS } from './fixtures.ts';

const PORT = finding({
  detector: 'suspicious-ports',
  gravity: 30,
  body: 'Suspicious outbound connection to unusual port 4444',
  reason: 'suspicious_port',
  attributes: { 'example.port': true },
});
const LIST = finding();
const EGRESS = finding({
  detector: 'external-egress',
  eventType: 'external_connection',
  severity: 'INFO',
  gravity: 10,
  body: 'Outbound connection to external address',
  reason: 'external_connection',
  attributes: { 'telegen.list.name': ['must not win'] },
});

describe('findingsToAlert', () => {
  it.each([
    ['in order', [LIST, PORT, EGRESS]],
    ['reversed', [EGRESS, PORT, LIST]],
    ['mixed', [PORT, EGRESS, LIST]],
  ])('makes one alert of several findings, %s', (_name, findings) => {
    const made = findingsToAlert(findings, () => connectionAttributes(LIST.event as never));
    expect(made).toMatchObject({
      severity: 'WARNING',
      body: 'Suspicious outbound connection to known bad IP',
      timeMs: TIME_MS,
      detector: 'blocklist',
      reasons: ['blocklist', 'suspicious_port', 'external_connection'],
      key: mergeKey(LIST),
    });
    expect(made?.attributes).toMatchObject({
      'network.event_type': 'suspicious_connection',
      'telegen.detector': 'blocklist',
      'telegen.reasons': ['blocklist', 'suspicious_port', 'external_connection'],
      'telegen.list.name': ['documentation'],
      'example.port': true,
    });
  });

  it('describes the event when somebody asks, and once', () => {
    let asked = 0;
    const made = findingsToAlert([LIST], () => ({ 'example.asked': ++asked }));
    expect(asked).toBe(0);
    const kept = made && settled(made);
    expect([made?.attributes['example.asked'], kept?.attributes['example.asked'], asked]).toEqual([1, 1, 1]);
    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
  });

  it('yields the alert of the specification', () => {
    const made = findingsToAlert([LIST], () => connectionAttributes(connection()));
    expect(made?.attributes).toMatchObject({
      'network.event_type': 'suspicious_connection',
      'net.peer.ip': '198.51.100.50',
      'net.peer.port': 4444,
      'process.pid': 12345,
      'process.executable.path': '/tmp/shell',
      'k8s.pod.name': 'compromised-pod',
    });
    expect(Object.keys(made?.attributes ?? {})[0]).toBe('network.event_type');
  });

  it('does not let a finding overwrite what the alert is', () => {
    const sly = finding({
      attributes: { 'telegen.reasons': ['x'], 'network.event_type': 'y', 'telegen.detector': 'z' },
    });
    expect(findingsToAlert([sly], () => ({}))?.attributes).toEqual({
      'network.event_type': 'suspicious_connection',
      'telegen.detector': 'blocklist',
      'telegen.reasons': ['blocklist'],
    });
  });

  it('names each reason once, and breaks ties by severity, then by name', () => {
    const twin = finding({ detector: 'another' });
    expect(findingsToAlert([LIST, twin], () => ({}))).toMatchObject({
      detector: 'another',
      reasons: ['blocklist'],
    });
    const graver = finding({ detector: 'zz', severity: 'ERROR' });
    expect(findingsToAlert([LIST, twin, graver], () => ({}))?.detector).toBe('zz');
  });

  it('is nothing without findings', () => {
    expect(findingsToAlert([], () => ({}))).toBeUndefined();
  });
});

describe('mergeKey', () => {
  const base = connection();
  const other = (event: Parameters<typeof connection>[0]) => mergeKey(finding({ event: connection(event) }));

  it.each([
    ['another port', { remote: { ip: base.remote.ip, port: 1 } }],
    ['another local port', { local: { ip: base.local.ip, port: 1 } }],
    ['a later time and phase', { timeMs: TIME_MS + 1, phase: 'established' as const }],
  ])('is the same for %s', (_name, event) => {
    expect(other(event)).toBe(mergeKey(LIST));
  });

  it.each([
    [
      'another peer',
      mergeKey(finding({ event: connection({ remote: { ip: ip('198.51.100.51'), port: 4444 } }) })),
    ],
    ['another detector', mergeKey(finding({ detector: 'x' }))],
    ['another process', other({ process: { pid: 1, key: '1:1', name: 'x', ancestors: [] } })],
    ['no process', other({ process: undefined })],
    ['no owner', other({ process: undefined, owner: undefined })],
    ['a loss', mergeKey(finding({ event: { kind: 'loss', timeMs: 0, what: 'a', reason: 'b', count: 1 } }))],
  ])('differs for %s', (_name, key) => {
    expect(key).not.toBe(mergeKey(LIST));
  });

  it('falls back to what the kernel said of an unknown process', () => {
    expect(other({ process: undefined })).toContain('unknown:shell/12345');
  });
});
