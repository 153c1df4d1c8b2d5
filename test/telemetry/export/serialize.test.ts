import { describe, expect, it } from 'vitest';
import { findingsToAlert, settled } from '../../../src/alerts/combine.ts';
import { connectionAttributes } from '../../../src/net/event-attributes.ts';
import { alertToJson, eventToJson } from '../../../src/telemetry/export/serialize.ts';
import { alert, connection, finding } from '../../alerts/fixtures.ts';

describe('alertToJson', () => {
  it('has the form and the fields of the specification', () => {
    const made = findingsToAlert([finding()], () => connectionAttributes(connection()));
    const line = alertToJson({ ...settled(made!), uid: 'uid-1' });
    const parsed = JSON.parse(line);
    expect(Object.keys(parsed)).toEqual(['timestamp', 'severity', 'body', 'attributes']);
    expect(parsed).toMatchObject({
      timestamp: '2024-01-15T10:30:00.123Z',
      severity: 'WARNING',
      body: 'Suspicious outbound connection to known bad IP',
      attributes: {
        'network.event_type': 'suspicious_connection',
        'net.peer.ip': '198.51.100.50',
        'net.peer.port': 4444,
        'process.pid': 12345,
        'process.executable.path': '/tmp/shell',
        'k8s.pod.name': 'compromised-pod',
        'log.record.uid': 'uid-1',
      },
    });
  });

  it.each([
    ['newlines', 'a\nb\r\u2028'],
    ['quotes', '"\\'],
    ['a lone surrogate', '\ud800'],
    ['a NUL', '\u0000'],
  ])('is one valid line with %s in a value', (_name, text) => {
    const line = alertToJson(alert('u', 'INFO', { attributes: { 'process.command_line': text } }));
    expect(line).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line).attributes['process.command_line']).toBe(text);
    expect(Buffer.from(line).toString()).toBe(line);
  });
});

describe('eventToJson', () => {
  it.each([
    ['a connection', connection(), { 'event.name': 'connection', 'telegen.phase': 'attempted' }],
    [
      'a loss',
      { kind: 'loss', timeMs: 0, what: 'connection', reason: 'ring_full', count: 3 } as const,
      { 'event.name': 'loss', 'telegen.loss.kind': 'connection', 'telegen.count': 3 },
    ],
  ])('writes %s as timestamp and attributes', (_name, event, expected) => {
    const parsed = JSON.parse(eventToJson(event));
    expect(Object.keys(parsed)).toEqual(['timestamp', 'attributes']);
    expect(parsed.attributes).toMatchObject(expected);
  });
});

describe('other names', () => {
  it('are those of whoever describes and renames; the uid stays', () => {
    const rename = () => ({ a: 'b' });
    expect(JSON.parse(alertToJson(alert('uid-1', 'INFO'), rename)).attributes).toEqual({
      a: 'b',
      'log.record.uid': 'uid-1',
    });
    expect(JSON.parse(eventToJson(connection(), rename)).attributes).toEqual({ a: 'b' });
  });
});
