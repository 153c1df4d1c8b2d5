import type { PacketRateEvent, PacketSample, SampledApplication } from '../../../model/packets.ts';
import { payloadProtocol } from '../../../protocols/payload-protocol.ts';
import { servingEnd } from '../../../protocols/serving-end.ts';

/** Told of one window, the most frequent first. */
const MAX_TOLD = 20;
/** Counted in one window. */
const MAX_COUNTED = 1_024;

type Place = Pick<PacketRateEvent, 'interface' | 'direction'>;
interface Counted extends Place {
  readonly application: Omit<SampledApplication, 'packets'>;
  packets: number;
}

/** What the heads of sampled packets speak, and at which port of a server; counted over a window. */
export class Applications {
  readonly #rate: number;
  readonly #counted = new Map<string, Counted>();

  /** A sample stands for `rate` packets. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  add(sample: PacketSample): void {
    const { protocol, source, target, payload } = sample;
    if ((protocol !== 'tcp' && protocol !== 'udp') || source === undefined || target === undefined) return;
    const name = payloadProtocol(protocol, payload);
    if (name === undefined) return;
    const isFromServer = (servingEnd(name, protocol, payload) ?? lowerPort(sample)) === 'source';
    const port = isFromServer ? sample.sourcePort : sample.port;
    const key = `${sample.interface} ${sample.direction} ${name} ${protocol} ${port}`;
    const known = this.#counted.get(key);
    if (known !== undefined) known.packets += sample.packets * this.#rate;
    else if (this.#counted.size < MAX_COUNTED) {
      const [server, client] = isFromServer ? [source, target] : [target, source];
      this.#counted.set(key, {
        interface: sample.interface,
        direction: sample.direction,
        application: { name, protocol, port, client, server, isAnswer: isFromServer },
        packets: sample.packets * this.#rate,
      });
    }
  }

  /** What was counted for a window; nothing is forgotten by it. */
  of(place: Place): readonly SampledApplication[] {
    const own = [...this.#counted.values()].filter(
      (each) => each.interface === place.interface && each.direction === place.direction,
    );
    return own
      .map(({ application, packets }) => ({ ...application, packets }))
      .sort((a, b) => b.packets - a.packets)
      .slice(0, MAX_TOLD);
  }

  /** Begins a window. */
  clear(): void {
    this.#counted.clear();
  }
}

/** Where both ends begin alike, clients have the higher ports. */
const lowerPort = ({ sourcePort, port }: PacketSample): 'source' | 'target' =>
  sourcePort < port ? 'source' : 'target';
