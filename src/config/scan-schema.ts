import { SCAN } from './defaults.ts';
import * as leaf from './leaf.ts';

const count = (fallback: number, description: string) =>
  leaf.whole({ min: 2, max: 65_535, default: fallback }, { active: true, description });

/** `agent.network.security.scan`. */
export const scanSchema = leaf.section('Scans and sweeps', {
  enabled: leaf.flag(true, { active: true, description: 'Look for scans, sweeps and reconnect storms.' }),
  window: leaf.duration(
    { min: '10s', max: '24h', default: SCAN.window },
    { active: true, description: 'What was tried longer ago is not counted.' },
  ),
  inbound_ports: count(
    SCAN.inboundPorts,
    'So many ports of one host, tried in vain by one source, are a port scan.',
  ),
  inbound_hosts: count(
    SCAN.inboundHosts,
    'So many hosts, tried in vain by one source on one port, are a sweep.',
  ),
  outbound_ports: count(
    SCAN.outboundPorts,
    'The same as `inbound_ports` of one program of this host (in a replay: of one address of this side).',
  ),
  outbound_hosts: count(SCAN.outboundHosts, 'The same as `inbound_hosts` of one program of this host.'),
  stealth_probes: count(
    SCAN.stealthProbes,
    'So many probes of one source with TCP flags that no connection has (none, FIN alone, FIN with PSH and URG) are a scan.',
  ),
  distributed_sources: count(
    SCAN.distributedSources,
    'A scan that is shared out has so many sources at least.',
  ),
  distributed_ports: count(SCAN.distributedPorts, 'And tries so many ports of one host in vain.'),
  slow_window: leaf.duration(
    { min: '10m', max: '168h', default: SCAN.slowWindow },
    { active: true, description: 'How far back slow scans are counted, at least.' },
  ),
  slow_targets: count(
    SCAN.slowTargets,
    'So many different ports and hosts, tried in vain by one source within `slow_window`, are a slow scan.',
  ),
  storm_attempts: count(
    SCAN.stormAttempts,
    'So many vain attempts of one program at one port of one host within `storm_window` are a reconnect storm.',
  ),
  storm_window: leaf.duration(
    { min: '1s', max: '1h', default: SCAN.stormWindow },
    { active: true, description: 'See `storm_attempts`.' },
  ),
  max_tracked: leaf.whole(
    { min: 100, max: 1_000_000, default: SCAN.maxTracked },
    {
      active: true,
      description:
        'Sources, and programs, that are followed at a time. Further ones are refused and counted.',
    },
  ),
  ignore_udp_ports: leaf.ports(SCAN.ignoreUdpPorts, {
    active: true,
    description:
      'Datagrams to these ports are never probes: DHCP, NTP, NetBIOS, DHCPv6, SSDP, mDNS, LLMNR. A list here replaces the default.',
  }),
  ignore_sources: leaf.cidrs([], { active: true, description: 'Addresses that may scan.' }),
  ignore_processes: leaf.list(leaf.executable, SCAN.ignoreProcesses, {
    active: true,
    of: 'absolute executable paths (* matches any run of characters)',
    description: 'Programs that may scan, and ask in vain as often as they like.',
  }),
});
