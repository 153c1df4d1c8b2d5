import { INTERNAL_NETWORKS, MERGE_WINDOW, STATE_DIR, SUSPICIOUS_PORTS } from './defaults.ts';
import { feedsSchema } from './feeds-schema.ts';
import * as leaf from './leaf.ts';
import { listsSchema } from './lists-schema.ts';
import { protocolsSchema } from './protocols-schema.ts';
import { packetRateSchema } from './rates-schema.ts';
import { reputationSchema } from './reputation-schema.ts';
import { scanSchema } from './scan-schema.ts';

const hostName = leaf.shaped({
  regex: /^(?:\*\.|\.)?(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/,
  max: 255,
  expects: 'a domain name such as example.com, which stands for the names below it, too',
});

/** `agent.network.security`. */
export const securitySchema = leaf.section('Network detectors', {
  enabled: leaf.flag(true, { active: true, description: 'Run the network detectors.' }),
  suspicious_ports: leaf.ports(SUSPICIOUS_PORTS, {
    active: true,
    description: 'A connection to (or accepted on) one of these ports is an alert.',
  }),
  external_connection_alerts: leaf.flag(false, {
    active: true,
    description:
      'Alert on outbound connections to addresses outside `internal_networks` that `allow` does not list.',
  }),
  unexpected_protocols: protocolsSchema,
  blocklists: leaf.paths({
    active: true,
    description:
      'Files or folders of known bad addresses, reloaded while running. ' +
      'Empty means the shipped `blocklists/` folder and `/etc/telegen/blocklists` if present.',
  }),
  allowlists: leaf.paths({
    active: true,
    description:
      'Files or folders of addresses and names that no list may accuse, in the same formats; reloaded while running. ' +
      'Empty means `/etc/telegen/allowlists` if present.',
  }),
  lists: listsSchema,
  feeds: feedsSchema,
  reputation: reputationSchema,
  packet_rate: packetRateSchema,
  scan: scanSchema,
  own_networks: leaf.cidrs([], {
    active: true,
    description:
      "Ranges of your own (public ranges, the cluster's) that a blocklist must not accuse; this host's addresses and the " +
      'reserved ranges never are.',
  }),
  state_dir: leaf.path(STATE_DIR, {
    active: true,
    description: 'Folder in which the last good version of every list is kept over restarts.',
  }),
  internal_networks: leaf.cidrs(INTERNAL_NETWORKS, {
    active: true,
    description:
      "Networks that are not external, beside the cluster's own addresses where the Kubernetes API is read (docs/kubernetes.md). A list here replaces the default list.",
  }),
  allow: leaf.section('Exceptions from external connection alerts', {
    cidrs: leaf.cidrs([], { active: true, description: 'Remote networks that may be reached.' }),
    names: leaf.list(hostName, [], {
      active: true,
      of: 'domain names',
      description:
        'Remote hosts that may be reached, with all names below them, by the names that the DNS answers seen gave to their addresses (a process can choose its resolver, and so what names it is told).',
    }),
    ports: leaf.ports([], { active: true, description: 'Remote ports that may be reached.' }),
    processes: leaf.list(leaf.executable, [], {
      active: true,
      of: 'absolute executable paths (* matches any run of characters)',
      description: 'Programs that may connect anywhere.',
    }),
  }),
  merge_window: leaf.duration(
    { min: '1s', max: '24h', default: MERGE_WINDOW },
    {
      active: true,
      description:
        'One alert per detector, process and peer in this window; a closing record carries the count.',
    },
  ),
});
