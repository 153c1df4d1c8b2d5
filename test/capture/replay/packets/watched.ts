import { readCapture } from '../../../../src/capture/pcap/read-capture.ts';
import { replayCapture } from '../../../../src/capture/replay/replay-capture.ts';
import type { PacketRateEvent, ProbeEvent } from '../../../../src/model/packets.ts';
import { formatIp } from '../../../../src/net/ip.ts';
import { parsePrefixSet } from '../../../../src/net/prefix-set.ts';
import { inPieces, pcap, type TimedPacket } from '../../../support/capture-files.ts';

export interface WatchedReplay {
  readonly windows: readonly PacketRateEvent[];
  readonly probes: readonly ProbeEvent[];
  /** `kind source > target:port answer` of each probe. */
  readonly told: readonly string[];
}

/** Replays packets for their windows and probes; 10.0.0.0/8 and fd00::/8 are this side. */
export async function watched(
  packets: readonly TimedPacket[] | { readonly file: Uint8Array },
): Promise<WatchedReplay> {
  const windows: PacketRateEvent[] = [];
  const probes: ProbeEvent[] = [];
  const internal = parsePrefixSet(['10.0.0.0/8', 'fd00::/8'], 'test');
  const bytes = 'file' in packets ? packets.file : pcap(packets);
  await replayCapture(readCapture(inPieces(bytes, 1 << 20)), {
    isInternal: (ip) => internal.has(ip),
    onConnection: () => undefined,
    openStream: () => undefined,
    onDatagram: () => undefined,
    onPacketRate: (event) => windows.push(event),
    onProbe: (event) => probes.push(event),
  });
  const told = probes.map(
    ({ probe, source, target, port, answer }) =>
      `${probe} ${formatIp(source)} > ${formatIp(target)}:${port} ${answer}`,
  );
  return { windows, probes, told };
}
