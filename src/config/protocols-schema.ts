import { SERVICE_PROTOCOLS } from '../model/service-protocol.ts';
import * as leaf from './leaf.ts';

/** Where HTTP is ordinary: also what development servers, proxies and exporters of metrics use. */
const HTTP_PORTS = [80, 443, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8443, 8888, 9090, 9100, 9200, 50_051];
/** HTTPS, mail, LDAP, DNS over TLS, the Kubernetes API and kubelet, AMQP, MQTT, Redis, OTLP. */
const TLS_PORTS = [
  443, 465, 587, 636, 853, 989, 990, 993, 995, 2376, 4317, 5671, 6379, 6380, 6443, 8443, 8883, 10_250,
];
const DNS_PORTS = [53, 5353];

const otherPort = leaf.shaped({
  regex: new RegExp(`^(?:${SERVICE_PROTOCOLS.join('|')}):[1-9]\\d{0,4}$`),
  max: 32,
  expects: `a protocol and a port, such as ssh:2222; protocols are ${SERVICE_PROTOCOLS.join(', ')}`,
});

const workload = leaf.shaped({
  regex: /^[^\s/:]+\/[^\s/:]+(?::[1-9]\d{0,4})?$/,
  max: 512,
  expects: 'namespace/workload, with :port where only that one is meant; * matches any run of characters',
});

/** `agent.network.security.unexpected_protocols`. */
export const protocolsSchema = leaf.section('Protocols at ports where they are not expected', {
  enabled: leaf.flag(false, {
    active: true,
    description:
      'Alert on HTTP, TLS and DNS, and on SSH, SMB, RDP, BitTorrent, databases, caches and brokers, known by what is said, ' +
      'at a server port where they are not ordinary.',
  }),
  http_ports: leaf.ports(HTTP_PORTS, { active: true, description: 'Where HTTP (also gRPC) is ordinary.' }),
  tls_ports: leaf.ports(TLS_PORTS, { active: true, description: 'Where TLS is ordinary.' }),
  dns_ports: leaf.ports(DNS_PORTS, { active: true, description: 'Where DNS is ordinary.' }),
  other_ports: leaf.list(otherPort, [], {
    active: true,
    of: 'protocol:port',
    description: 'Where the other protocols are ordinary, beside the ports that they are registered for.',
  }),
  allow: leaf.section('Exceptions', {
    ports: leaf.ports([], { active: true, description: 'Ports at which anything may be spoken.' }),
    processes: leaf.list(leaf.executable, [], {
      active: true,
      of: 'absolute executable paths (* matches any run of characters)',
      description: 'Programs that may speak anything anywhere.',
    }),
    workloads: leaf.list(workload, [], {
      active: true,
      of: 'namespace/workload or namespace/workload:port',
      description:
        'Workloads (what keeps pods running, or pods) that may speak anything, at all ports or at one.',
    }),
  }),
});
