import type { IpAddress } from '../../../model/ip-address.ts';
import type { PacketProtocol, PacketRateEvent } from '../../../model/packets.ts';
import { ipFromWords, ipv4FromWord } from '../../../net/ip.ts';
import { isAnswer } from '../../../net/packet/answer.ts';
import { destinationIp, IP_PROTOCOL, type PacketView, sourceIp } from '../../../net/packet/packet-view.ts';
import { AddressTable, NO_ROOM, ROLE } from './address-table.ts';
import { addFlags, addSize, isSyn, ServiceTable } from './counts.ts';

/** Interfaces that are told apart; packets of further ones are counted as of the last. */
const MAX_INTERFACES = 16;
const WINDOW_MS = 1_000;

/** Counts packets by second, interface and direction, and tells what was counted when the second is over. */
export interface PacketWindows {
  /** A decoded packet of so many bytes on the wire. */
  packet(view: PacketView, bytes: number, interfaceId: number): void;
  /** One that is no TCP, UDP or ICMP. */
  other(bytes: number, interfaceId: number): void;
  /** The second that ends with this time is over. */
  close(endMs: number): void;
}

export interface PacketWindowOptions {
  readonly isInternal: (ip: IpAddress) => boolean;
  readonly nameOf: (interfaceId: number) => string;
  readonly onPacketRate: (event: PacketRateEvent) => void;
}

export function createPacketWindows(options: PacketWindowOptions): PacketWindows {
  const counters: InterfaceWindow[] = [];
  const at = (interfaceId: number): InterfaceWindow => {
    const place = Math.min(interfaceId, MAX_INTERFACES - 1);
    let counter = counters[place];
    if (counter === undefined) {
      counter = new InterfaceWindow(options.isInternal);
      counters[place] = counter;
    }
    return counter;
  };
  return {
    packet: (view, bytes, interfaceId) => at(interfaceId).packet(view, bytes),
    other: (bytes, interfaceId) => at(interfaceId).other(bytes),
    close(endMs) {
      for (const [place, counter] of counters.entries())
        counter?.close(endMs, options.nameOf(place), options.onPacketRate);
    },
  };
}

class InterfaceWindow {
  readonly #isInternal: (ip: IpAddress) => boolean;
  readonly #addresses: AddressTable;
  /** The same object for every packet: counting allocates nothing. */
  readonly #amount = { bytes: 0, syn: 0 };
  #inbound = new ServiceTable();
  #outbound = new ServiceTable();

  constructor(isInternal: (ip: IpAddress) => boolean) {
    this.#isInternal = isInternal;
    this.#addresses = new AddressTable((family, words, at) =>
      isInternal(family === 4 ? ipv4FromWord(words[at + 3] as number) : ipFromWords(words, at)),
    );
  }

  packet(view: PacketView, bytes: number): void {
    const { family } = view;
    const addresses = this.#addresses;
    const source = addresses.placeOf(family, view.src0, view.src1, view.src2, view.src3);
    const target = addresses.placeOf(family, view.dst0, view.dst1, view.dst2, view.dst3);
    const isOutbound = this.#isOutbound(view, source, target);
    const services = isOutbound ? this.#outbound : this.#inbound;
    const protocol = protocolOf(view.protocol);
    const service = services.of(protocol, portOf(view, protocol, isOutbound));
    addSize(service, bytes);
    if (protocol === 'tcp') addFlags(service, view);
    this.#amount.bytes = bytes;
    this.#amount.syn = isSyn(view) ? 1 : 0;
    if (source !== NO_ROOM)
      addresses.count(source, isOutbound ? ROLE.outboundSource : ROLE.inboundSource, this.#amount);
    if (target !== NO_ROOM)
      addresses.count(target, isOutbound ? ROLE.outboundTarget : ROLE.inboundTarget, this.#amount);
  }

  other(bytes: number): void {
    addSize(this.#inbound.of('other', 0), bytes);
  }

  close(endMs: number, name: string, emit: (event: PacketRateEvent) => void): void {
    const [inbound, outbound] = [this.#inbound, this.#outbound];
    const common = { kind: 'packet_rate', timeMs: endMs, intervalMs: WINDOW_MS, interface: name } as const;
    if (!inbound.isEmpty) {
      emit({
        ...common,
        direction: 'inbound',
        ...this.#counted(inbound, ROLE.inboundSource, ROLE.inboundTarget),
      });
      this.#inbound = new ServiceTable();
    }
    if (!outbound.isEmpty) {
      emit({
        ...common,
        direction: 'outbound',
        ...this.#counted(outbound, ROLE.outboundSource, ROLE.outboundTarget),
      });
      this.#outbound = new ServiceTable();
    }
    this.#addresses.clear();
  }

  #counted(services: ServiceTable, source: number, target: number) {
    return {
      total: services.total(),
      services: services.list(),
      sources: this.#addresses.top(source),
      destinations: this.#addresses.top(target),
      sourcesSeen: this.#addresses.seen(source),
    };
  }

  /** From this side to elsewhere; all else comes to those that are watched. */
  #isOutbound(view: PacketView, source: number, target: number): boolean {
    const isFromHere =
      source === NO_ROOM ? this.#isInternal(sourceIp(view)) : this.#addresses.isInternal(source);
    if (!isFromHere) return false;
    return !(target === NO_ROOM ? this.#isInternal(destinationIp(view)) : this.#addresses.isInternal(target));
  }
}

function portOf(view: PacketView, protocol: PacketProtocol, isOutbound: boolean): number {
  if (protocol !== 'tcp' && protocol !== 'udp') return 0;
  return isAnswer(view, isOutbound) ? 0 : view.dstPort;
}

function protocolOf(number: number): PacketProtocol {
  switch (number) {
    case IP_PROTOCOL.tcp:
      return 'tcp';
    case IP_PROTOCOL.udp:
      return 'udp';
    case IP_PROTOCOL.icmp:
      return 'icmp';
    case IP_PROTOCOL.icmpv6:
      return 'icmpv6';
    default:
      return 'other';
  }
}
