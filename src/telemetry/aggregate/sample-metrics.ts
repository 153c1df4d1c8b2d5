import type { PacketSample } from '../../model/packets.ts';
import { payloadProtocol } from '../../protocols/payload-protocol.ts';
import { counter } from './instruments.ts';
import { closed, type MetricSpec, open } from './metric.ts';
import { portClass } from './packet-metrics.ts';
import type { Registry } from './registry.ts';

const SAMPLED: MetricSpec = {
  name: 'telegen_xdp_application_packets',
  kind: 'counter',
  unit: '{packet}',
  help: 'Packets by what their payload says, whatever the port (other: the middle of something, or unknown); from samples, scaled back.',
};

/** Registers what samples of packets tell; gives what counts one. `rate`: it stands for so many. */
export function createSampleMetrics(registry: Registry, rate: number): (sample: PacketSample) => void {
  const labels = [open('interface'), closed('direction'), closed('application'), closed('port_class')];
  const count = counter(registry, SAMPLED, { labels });
  return ({ interface: name, direction, protocol, sourcePort, port, payload, packets, timeMs }) => {
    if ((protocol !== 'tcp' && protocol !== 'udp') || payload.length === 0) return;
    const application = payloadProtocol(protocol, payload) ?? 'other';
    // The service is at the lower port, whichever way the packet goes.
    count([name, direction, application, portClass(Math.min(sourcePort, port))], timeMs, packets * rate);
  };
}
