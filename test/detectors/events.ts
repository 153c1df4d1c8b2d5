import type { ConnectionEvent } from '../../src/model/event.ts';
import { parseIp } from '../../src/net/ip.ts';

export interface EventInput extends Partial<Omit<ConnectionEvent, 'local' | 'remote'>> {
  /** `address port` */
  readonly local?: string;
  readonly remote?: string;
  readonly path?: string;
}

function endpoint(text: string) {
  const [address = '', port = '0'] = text.split(' ');
  return { ip: parseIp(address)!, port: Number(port) };
}

/** A client's attempt from 192.0.2.10 unless told otherwise. */
export function connection({ local, remote, path, ...rest }: EventInput = {}): ConnectionEvent {
  const process = {
    pid: 7,
    key: '7:1',
    name: 'shell',
    ancestors: [],
    ...(path ? { executablePath: path } : {}),
  };
  return {
    kind: 'connection',
    timeMs: 1_700_000_000_000,
    phase: 'attempted',
    transport: 'tcp',
    role: 'client',
    local: endpoint(local ?? '192.0.2.10 40000'),
    remote: endpoint(remote ?? '198.51.100.50 443'),
    socketId: 1,
    owner: undefined,
    attribution: 'socket',
    process: path === undefined ? undefined : process,
    workload: undefined,
    ...rest,
  };
}

/** A server's accept on 192.0.2.10. */
export function accepted(input: EventInput = {}): ConnectionEvent {
  return connection({
    phase: 'accepted',
    role: 'server',
    local: '192.0.2.10 22',
    remote: '198.51.100.50 50000',
    ...input,
  });
}

/** Phases and roles that no detector may speak about: everything but an attempt and an accept. */
export const SILENT: readonly Pick<EventInput, 'phase' | 'role' | 'reason'>[] = [
  { phase: 'established', role: 'client' },
  { phase: 'failed', role: 'client', reason: 'refused' },
  { phase: 'closed', role: 'client', reason: 'closed' },
  { phase: 'closed', role: 'server', reason: 'closed' },
  { phase: 'attempted', role: 'server' },
  { phase: 'attempted', role: 'unknown' },
  { phase: 'accepted', role: 'client' },
  { phase: 'accepted', role: 'unknown' },
];
