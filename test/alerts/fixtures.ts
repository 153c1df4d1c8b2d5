import type { AlertCandidate } from '../../src/alerts/combine.ts';
import type { ConnectionEvent } from '../../src/model/event.ts';
import type { Alert, Finding, Severity } from '../../src/model/finding.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { parseIp } from '../../src/net/ip.ts';

/** 2024-01-15T10:30:00.123Z, the specification's time. */
export const TIME_MS = Date.UTC(2024, 0, 15, 10, 30, 0, 123);

export function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** An outbound attempt to 198.51.100.50:4444 of process 12345, as in the specification's alert. */
export function connection(overrides: Partial<ConnectionEvent> = {}): ConnectionEvent {
  return {
    kind: 'connection',
    phase: 'attempted',
    timeMs: TIME_MS,
    transport: 'tcp',
    role: 'client',
    local: { ip: ip('192.0.2.10'), port: 40_000 },
    remote: { ip: ip('198.51.100.50'), port: 4444 },
    socketId: 0x1a2b,
    owner: {
      pid: 12345,
      parentPid: 1200,
      uid: 1000,
      startNs: 5,
      execId: 7,
      comm: 'shell',
      cgroupId: 99,
    },
    attribution: 'socket',
    process: {
      pid: 12345,
      key: '12345:5',
      parentPid: 1200,
      name: 'shell',
      executablePath: '/tmp/shell',
      commandLine: '/tmp/shell --password=***',
      startTimeMs: TIME_MS - 1000,
      userId: 1000,
      userName: 'app',
      ancestors: ['/usr/bin/bash', '/usr/sbin/sshd'],
    },
    workload: { containerId: 'c0ffee', podUid: 'uid-1', podName: 'compromised-pod', namespace: 'default' },
    ...overrides,
  };
}

export function finding(overrides: Partial<Finding> = {}): Finding {
  return {
    detector: 'blocklist',
    eventType: 'suspicious_connection',
    severity: 'WARNING',
    gravity: 50,
    body: 'Suspicious outbound connection to known bad IP',
    reason: 'blocklist',
    event: connection(),
    attributes: { 'telegen.list.name': ['documentation'] },
    ...overrides,
  };
}

export function candidate(overrides: Partial<AlertCandidate> = {}): AlertCandidate {
  return {
    key: 'k',
    detector: 'blocklist',
    reasons: ['blocklist'],
    timeMs: TIME_MS,
    severity: 'WARNING',
    body: 'Suspicious outbound connection to known bad IP',
    attributes: { 'net.peer.ip': '198.51.100.50', 'telegen.reasons': ['blocklist'] },
    ...overrides,
  };
}

export function alert(uid: string, severity: Severity = 'WARNING', overrides: Partial<Alert> = {}): Alert {
  return {
    uid,
    timeMs: TIME_MS,
    severity,
    body: `alert ${uid}`,
    attributes: { 'network.event_type': 'suspicious_connection', 'net.peer.port': 4444 },
    ...overrides,
  };
}
