import type { PacketProtocol } from '../../../model/packets.ts';
import { PACKET_PROTOCOL } from '../../layout.gen.ts';
import type { InterfaceChoice, PacketMode } from './choose.ts';

/** What to look at, and where. */
export interface PacketSettings extends InterfaceChoice {
  readonly mode: PacketMode;
  /** Either port; empty means all. */
  readonly ports: readonly number[];
  /** Empty means all. */
  readonly protocols: readonly Exclude<PacketProtocol, 'other'>[];
  /** The heads of 1 in N packets; 0: of none. */
  readonly sampleRate: number;
}

const PORT_WORDS = 1024;
/** Twice of it still fits in 32 bits. */
const MAX_SAMPLE_RATE = 2 ** 31;

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function portBits(ports: readonly number[]): Uint8Array {
  const words = new BigUint64Array(PORT_WORDS);
  for (const port of ports) words[port >>> 6] = (words[port >>> 6] ?? 0n) | (1n << BigInt(port & 63));
  return new Uint8Array(words.buffer);
}

function protocolBits(protocols: PacketSettings['protocols']): number {
  if (protocols.length === 0) return 0xffff_ffff;
  return protocols.reduce(
    (bits, name) => bits | (1 << PACKET_PROTOCOL[name.toUpperCase() as keyof typeof PACKET_PROTOCOL]),
    0,
  );
}

/** The constants of the packet programs. */
export function packetConstants(settings: PacketSettings): Readonly<Record<string, Uint8Array>> {
  return {
    tg_protocol_filter: u32(protocolBits(settings.protocols)),
    tg_filter_ports: new Uint8Array([settings.ports.length > 0 ? 1 : 0]),
    tg_port_filter: portBits(settings.ports),
    tg_sample_rate: u32(Math.min(settings.sampleRate, MAX_SAMPLE_RATE)),
  };
}
