import { execFileSync } from 'node:child_process';
import { enterNamespace } from './namespaces.ts';

/** What the kernel says of a TCP socket, as `ss -ti` prints it. */
export interface SocketStatistics {
  /** Payload, SYN and FIN. */
  readonly bytesAcked: number;
  readonly bytesReceived: number;
  readonly segmentsSent: number;
  readonly segmentsReceived: number;
  readonly retransmits: number;
  readonly rttUs: number;
}

/** The socket of a namespace that is connected to this remote port; undefined when there is none. */
export function socketTo(namespace: string, remotePort: number): SocketStatistics | undefined {
  const filter = ['state', 'connected', `( dport = :${remotePort} )`];
  const [command, ...args] = [...enterNamespace(namespace), 'ss', '-tinH', ...filter] as [
    string,
    ...string[],
  ];
  const text = execFileSync(command, args, { encoding: 'utf8' });
  if (text.trim() === '') return undefined;
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    bytesAcked: read(/bytes_acked:(\d+)/),
    bytesReceived: read(/bytes_received:(\d+)/),
    segmentsSent: read(/segs_out:(\d+)/),
    segmentsReceived: read(/segs_in:(\d+)/),
    retransmits: read(/retrans:\d+\/(\d+)/),
    rttUs: Math.round(read(/ rtt:([\d.]+)/) * 1000),
  };
}

/** Bytes that a link of the namespace sent, headers of the Ethernet included. */
export function sentBytes(namespace: string, link: string): number {
  const words = [...enterNamespace(namespace), 'ip', '-s', '-j', 'link', 'show', link];
  const [command, ...args] = words as [string, ...string[]];
  const [found] = JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as readonly [
    { stats64: { tx: { bytes: number } } },
  ];
  return found.stats64.tx.bytes;
}
