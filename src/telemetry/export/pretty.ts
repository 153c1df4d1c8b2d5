import { styleText } from 'node:util';
import { ATTR } from '../../model/attributes.ts';
import type { Alert, AttributeValue, Severity } from '../../model/finding.ts';
import { isoTime } from '../../net/iso-time.ts';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<Severity, Style>> = {
  INFO: 'cyan',
  WARNING: 'yellow',
  ERROR: 'red',
  CRITICAL: ['bold', 'white', 'bgRed'],
};
const SEVERITY_WIDTH = 8;
const INDENT = ' '.repeat(4);
/**
 * Control characters (terminal escapes) and the marks that reorder or hide text (bidi, zero width): process names and
 * arguments come from whoever is being watched.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Text from outside, fit for a terminal. */
export function safe(value: AttributeValue | undefined): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '');
  return text.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

function hostAndPort(ip: AttributeValue | undefined, port: AttributeValue | undefined): string {
  if (ip === undefined) return '';
  const address = safe(ip);
  const host = address.includes(':') && port !== undefined ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${safe(port)}`;
}

function peerText({ attributes }: Alert): string {
  const peer = hostAndPort(attributes[ATTR.peerIp], attributes[ATTR.peerPort]);
  const arrow = attributes[ATTR.direction] === 'inbound' ? '<-' : '->';
  return peer === '' ? '' : `${arrow} ${peer}`;
}

function processText({ attributes }: Alert): string {
  const path = attributes[ATTR.processPath] ?? attributes[ATTR.processName];
  const pid = attributes[ATTR.processPid];
  return `${safe(path)}${pid === undefined ? '' : ` (pid ${safe(pid)})`}`.trim();
}

function inNamespace(...parts: readonly (AttributeValue | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map(safe)
    .join('/');
}

function podText({ attributes }: Alert): string {
  return inNamespace(attributes[ATTR.namespaceName], attributes[ATTR.podName]);
}

/** What the cluster knows of the other end. */
function peerPlaceText({ attributes }: Alert): string {
  const pod = attributes[ATTR.peerPodName];
  const service = attributes[ATTR.peerServiceName];
  const namespace = attributes[ATTR.peerNamespaceName];
  if (pod === undefined && service === undefined) return safe(attributes[ATTR.peerNodeName]);
  if (pod === undefined) return `service ${inNamespace(namespace, service)}`;
  return `${inNamespace(namespace, pod)}${service === undefined ? '' : ` (service ${safe(service)})`}`;
}

function countText({ attributes }: Alert): string {
  const count = attributes[ATTR.count];
  if (count === undefined) return '';
  const first = attributes[ATTR.firstSeen];
  return first === undefined
    ? safe(count)
    : `${safe(count)} (${safe(first)} .. ${safe(attributes[ATTR.lastSeen])})`;
}

function listText({ attributes }: Alert): string {
  const entry = attributes[ATTR.listEntry];
  return `${safe(attributes[ATTR.listName])}${entry === undefined ? '' : ` (${safe(entry)})`}`.trim();
}

function details(alert: Alert): string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['command', safe(alert.attributes[ATTR.processCommandLine])],
    ['user', safe(alert.attributes[ATTR.processUserName] ?? alert.attributes[ATTR.processUserId])],
    ['pod', podText(alert)],
    ['peer', peerPlaceText(alert)],
    ['container', safe(alert.attributes[ATTR.containerId])],
    ['local', hostAndPort(alert.attributes[ATTR.hostIp], alert.attributes[ATTR.hostPort])],
    ['reasons', safe(alert.attributes[ATTR.reasons])],
    ['list', listText(alert)],
    ['count', countText(alert)],
  ];
  return rows.filter(([, text]) => text !== '').map(([label, text]) => `${INDENT}${label.padEnd(10)}${text}`);
}

/** One readable line and indented details, without the last newline. Safe to show: no outside text reaches the terminal raw. */
export function formatPretty(alert: Alert, options: { readonly colour?: boolean } = {}): string {
  const label = alert.severity.padEnd(SEVERITY_WIDTH);
  const severity = options.colour
    ? styleText(STYLES[alert.severity], label, { validateStream: false })
    : label;
  const line = [isoTime(alert.timeMs), severity, safe(alert.body), peerText(alert), processText(alert)];
  return [line.filter((part) => part !== '').join('  '), ...details(alert)].join('\n');
}
