import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Sandbox } from '../support/sandbox.ts';

/** The address of the specification's example, and one inside the listed IPv6 network. */
export const LISTED_V4 = '198.51.100.50';
export const LISTED_V6 = '2001:db8:bad::50';
export const LIST_TEXT = `# for tests\n${LISTED_V4}\n2001:db8:bad::/48\n`;

export const ISO_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const UID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** A configuration whose only list is written into the sandbox's folder. */
export function listConfig(sandbox: Sandbox, agent: object = {}, security: object = {}): object {
  const list = `${sandbox.folder}/ip-blocklist.txt`;
  writeFileSync(list, LIST_TEXT);
  return { agent: { network: { security: { blocklists: [list], ...security } }, ...agent } };
}

export interface Culprit {
  readonly pid: number;
  readonly path: string;
  readonly command: string;
  readonly transport?: 'tcp' | 'udp' | undefined;
  readonly peer?: string | undefined;
  readonly entry?: string | undefined;
}

/** Who did it, as every alert and event says. */
export function actor({ pid, path, command }: Culprit): Record<string, unknown> {
  return {
    'process.pid': pid,
    'process.parent_pid': process.pid,
    // The kernel's short name.
    'process.executable.name': path.slice(path.lastIndexOf('/') + 1).slice(0, 15),
    'process.executable.path': path,
    'process.command_line': command,
    'process.creation.time': ISO_TIME,
    'process.user.id': 0,
    'process.user.name': 'root',
    'telegen.process.ancestors': expect.arrayContaining([expect.any(String)]),
  };
}

/** What every record of an outbound connection says of its two ends. */
export function outbound(options: { peer: string; port: number; transport?: 'tcp' | 'udp' | undefined }) {
  const { peer, port, transport = 'tcp' } = options;
  return {
    'event.name': 'connection',
    'net.peer.ip': peer,
    'net.peer.port': port,
    'net.host.ip': expect.stringMatching(
      peer.includes(':') ? /^2001:db8:1::2$/ : /^(192\.0\.2\.2|198\.51\.100\.50)$/,
    ),
    'net.host.port': expect.any(Number),
    'network.transport': transport,
    'network.type': peer.includes(':') ? 'ipv6' : 'ipv4',
    'network.io.direction': 'outbound',
    'network.community_id': expect.stringMatching(/^1:[A-Za-z0-9+/]{27}=$/),
    'telegen.socket.cookie': expect.stringMatching(/^[0-9a-f]+$/),
    'telegen.attribution': 'socket',
  };
}

/** The specification's example alert, whole: nothing more and nothing less. */
export function alertOf(culprit: Culprit): { attributes: Record<string, unknown> } & Record<string, unknown> {
  const { transport, peer = LISTED_V4, entry = LISTED_V4 } = culprit;
  return {
    timestamp: ISO_TIME,
    severity: 'WARNING',
    body: 'Suspicious outbound connection to known bad IP',
    attributes: {
      'network.event_type': 'suspicious_connection',
      'telegen.detector': 'blocklist',
      'telegen.reasons': ['blocklist', 'suspicious_port'],
      'telegen.phase': 'attempted',
      ...outbound({ peer, port: 4444, transport }),
      ...actor(culprit),
      'telegen.list.name': ['ip-blocklist'],
      'telegen.list.entry': [entry],
      'telegen.list.line': [expect.stringMatching(/^\d+$/)],
      'log.record.uid': UID,
    },
  };
}
